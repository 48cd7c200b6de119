// What is typed is kept as it is typed: at once in this tab, a moment later sealed in this browser,
// and on the server as soon as the clip has a name and there is a network.
import { TYPED } from "../who.js";
import { asForm } from "./fields.js";
import { SignedOut } from "./session.js";
import { say, when } from "./words.js";

const HERE = 400; // ms after the last key
const THERE = 2500;

export const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;

export class Draft {
  constructor({ form, fields, session, told }) {
    Object.assign(this, { form, fields, session, told });
    this.id = newId();
    this.dirty = false; // whether the server has less than the form
    this.turn = Promise.resolve();
    this.edits = 0;
    form.addEventListener("input", (event) => event.target.type !== "file" && this.edited());
    window.addEventListener("online", () => this.dirty && this.soon());
    document.addEventListener("visibilitychange", () => document.hidden && this.dirty && this.flush());
    this.flushBeforeSignOut();
  }

  // Signing out waits for what was typed last.
  flushBeforeSignOut() {
    const out = document.querySelector('form[action="/sign-out"]');
    if (!out) return;
    out.addEventListener("submit", async (event) => {
      if (!this.dirty) return;
      event.preventDefault();
      await Promise.race([this.flush(), new Promise((resolve) => setTimeout(resolve, 3000))]);
      out.submit();
    });
  }

  edited() {
    this.edits += 1;
    this.dirty = true;
    this.keepTyped();
    this.told.textContent = say("saving");
    this.soon();
  }

  soon() {
    clearTimeout(this.here);
    clearTimeout(this.there);
    this.here = setTimeout(() => this.saveHere(), HERE);
    this.there = setTimeout(() => this.save().catch(() => {}), THERE);
  }

  value() {
    const { clip, title } = this.fields;
    return { kind: "draft", clip, title, dirty: this.dirty, entries: this.fields.entries() };
  }

  // In this tab, and at once: a reload may come with the next key.
  keepTyped() {
    try {
      const typed = { ...this.value(), id: this.id, owner: this.session.owner };
      sessionStorage.setItem(TYPED, JSON.stringify(typed));
    } catch {
      // Private windows of old browsers: the other two places remain.
    }
  }

  saveHere() {
    clearTimeout(this.here);
    this.writing = this.write();
    return this.writing;
  }

  async write() {
    try {
      await this.session.vault.put(this.id, this.value());
      if (this.dirty) this.tell("saved_here");
      return true;
    } catch {
      if (this.dirty) this.told.textContent = "";
      return false;
    }
  }

  tell(name) {
    this.told.textContent = say(name, { time: when(Date.now()) });
  }

  // To the server when it can; what it does not take yet stays here.
  async save() {
    await this.saveHere();
    if (!this.dirty || !this.fields.title || navigator.onLine === false) return;
    await this.send().catch((error) => {
      if (error instanceof SignedOut) this.told.textContent = say("saved_signed_out");
    });
  }

  // {status, value} of the server's answer. One at a time: two at once would make two drafts.
  send() {
    this.turn = this.turn.catch(() => {}).then(() => this.sendNow());
    return this.turn;
  }

  async sendNow() {
    clearTimeout(this.there);
    const [id, edits] = [this.id, this.edits];
    const data = asForm(this.fields.entries(), this.fields.clip);
    const answer = await this.session.post(this.form.action, data, { "Idempotency-Key": id });
    if (answer.status === 200 && this.id === id) this.savedThere(answer.value, edits === this.edits);
    return answer;
  }

  savedThere({ clip }, isAll) {
    this.fields.clip = clip;
    history.replaceState(null, "", `${this.form.dataset.page}?clip=${clip}`);
    this.dirty = !isAll;
    if (isAll) this.tell("saved");
    this.keepTyped();
    this.saveHere();
  }

  flush() {
    return Promise.all([this.saveHere(), this.save()]);
  }

  // What was typed here before, if it is more than the page shows. Whether there was something.
  async restore() {
    const found = this.typed() || (await this.kept());
    if (!found || this.fields.isSameAs(found.entries)) return false;
    this.id = found.id;
    this.fields.fill(found.entries);
    this.dirty = true;
    this.soon();
    return true;
  }

  typed() {
    try {
      const typed = JSON.parse(sessionStorage.getItem(TYPED));
      const isMine = typed && typed.owner === this.session.owner && (typed.clip || "") === this.fields.clip;
      return isMine && typed.dirty ? typed : null;
    } catch {
      return null;
    }
  }

  async kept() {
    if (!this.session.vault) return null;
    const wanted = new URLSearchParams(location.search).get("draft");
    if (wanted) return this.session.vault.get(wanted);
    const all = await this.session.vault.all();
    const mine = all.find((one) => one.kind === "draft" && (one.clip || "") === this.fields.clip);
    return mine && mine.dirty && mine.entries.length ? mine : null;
  }

  // The words now belong to a clip that is on its way; the form is for the next one.
  async release(forget = true) {
    clearTimeout(this.here);
    clearTimeout(this.there);
    const { id } = this;
    this.id = newId();
    this.dirty = false;
    this.edits += 1;
    this.told.textContent = "";
    try {
      sessionStorage.removeItem(TYPED);
    } catch {
      // Nothing was kept there.
    }
    await this.writing; // else it would come after what follows
    if (forget && this.session.vault) await this.session.vault.remove(id);
    return id;
  }
}

