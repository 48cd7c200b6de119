// The submit page and the resubmit form: keep what is typed, look at the clip, send it, go on later.
import { supported } from "./lib/sender.js";
import { Chooser } from "./lib/upload/chooser.js";
import { Draft } from "./lib/upload/draft.js";
import { Fields } from "./lib/upload/fields.js";
import { Network } from "./lib/upload/network.js";
import { Panel } from "./lib/upload/panel.js";
import { People } from "./lib/upload/people.js";
import { Queue } from "./lib/upload/queue.js";
import { room } from "./lib/upload/room.js";
import { Session, SignedOut } from "./lib/upload/session.js";
import { Unfinished } from "./lib/upload/unfinished.js";
import { say } from "./lib/upload/words.js";

class Page {
  constructor(form, people) {
    this.form = form;
    this.box = form.querySelector("[data-fields]");
    this.button = form.querySelector("[data-send]");
    this.urls = form.querySelector("[data-chooser]").dataset;
    this.isForm = !form.dataset.clip; // else a clip that waits for another file
    this.session = new Session(this.urls.me);
    this.network = new Network();
    this.fields = new Fields(form, people);
    this.limits = {
      maxBytes: Number(form.dataset.maxBytes),
      maxSeconds: Number(form.dataset.maxSeconds),
      bytesLeft: Infinity,
      clipsLeft: Infinity,
    };
    form.dataset.shrinker = this.urls.shrinker;
    this.chooser = new Chooser(form, this.limits);
    this.panel = new Panel(form, this.network, { queue: () => this.queue, more: () => this.more() });
    this.queue = this.makeQueue();
    if (this.isForm) {
      this.draft = new Draft({ form, fields: this.fields, session: this.session, told: form.querySelector("[data-saved]") });
      this.unfinished = new Unfinished(document.querySelector("[data-unfinished]"));
    }
    this.listen();
  }

  makeQueue() {
    return new Queue({
      session: this.session,
      network: this.network,
      endpoint: this.form.dataset.endpoint,
      on: {
        change: () => this.drawn(),
        progress: (send, values) => this.panel.progress(send, values),
        state: (send, state, words) => this.panel.state(send, state, words),
        done: (send) => this.panel.done(send),
        wrong: (send, errors) => this.mend(send, errors),
      },
    });
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.form.addEventListener("mended", () => this.chooser.tellTrouble(this.lacksClip));
    const banner = document.querySelector("[data-offline]");
    const tell = () => banner && (banner.hidden = !this.network.isOffline);
    this.network.addEventListener("change", tell);
    tell();
    window.addEventListener("beforeunload", (event) => {
      // Only where something would be lost: a clip that is not kept here, words that no place took.
      const { current } = this.queue;
      const isLost = (current && !current.isKept) || (this.draft && this.draft.dirty && !this.session.vault);
      if (isLost) event.preventDefault();
    });
  }

  async start() {
    await this.session.start();
    if (this.session.isShell && !this.session.vault) return this.strange();
    await this.queue.load(this.form.dataset.clip || null);
    if (this.draft && !this.isSending && (await this.draft.restore())) this.restored();
    this.drawn();
    Object.assign(this.limits, await room(this.urls.roomUrl, this.form.querySelector("[data-room]")));
    return undefined;
  }

  // A phone without a network and without anybody signed in: nothing could be kept for them.
  strange() {
    this.box.hidden = true;
    document.querySelector("[data-strange]").hidden = false;
  }

  restored() {
    const note = document.querySelector("[data-restored]");
    note.hidden = false;
    note.querySelector("button").addEventListener("click", async () => {
      await this.draft.release();
      this.fields.empty();
      note.hidden = true;
    });
  }

  // Whether the clip that this page is about is on its way.
  get isSending() {
    const { clip } = this.fields;
    return this.queue.sends.some((send) => this.queue.files.has(send.id) && (!clip || send.clip === clip));
  }

  drawn() {
    this.panel.draw();
    if (!this.isForm) this.box.hidden = this.isSending || this.panel.sent.length > 0;
    else if (this.isSending && this.fields.isBlank && !this.wantsMore) this.box.hidden = true;
    else if (this.fields.clip && this.isSending) this.box.hidden = true;
    // While a form is open there is no next one to open.
    if (this.panel.parts.more) this.panel.parts.more.hidden = !this.box.hidden;
    if (!this.unfinished) return;
    const gone = [...this.queue.sends, ...this.panel.sent];
    this.unfinished.draw(this.session.vault, gone, this.draft.id, this.fields.clip);
  }

  async more() {
    await this.sending; // the form is still that of the clip before
    this.wantsMore = true;
    this.panel.isTyping = true;
    this.fields.empty();
    this.chooser.empty();
    history.replaceState(null, "", this.form.dataset.page);
    this.box.hidden = false;
    this.drawn();
    this.box.scrollIntoView({ block: "start" });
    this.chooser.input.focus({ preventScroll: true });
  }

  send() {
    if (this.sending || this.chooser.isBusy) return;
    this.button.disabled = true;
    this.sending = this.sendNow().finally(() => {
      this.sending = null;
      this.button.disabled = false;
    });
  }

  async sendNow() {
    const { chooser } = this;
    await chooser.looking;
    const lacking = this.lacking();
    if (lacking.length) return chooser.show(lacking.join(" "));
    if (!this.limits.clipsLeft) return chooser.show(say("room_none", { whose: "" }));
    chooser.show(null);
    const target = await this.handForm();
    return target && this.sendOff(target);
  }

  // Why there is no clip to send, or null.
  get lacksClip() {
    const { file, wrong } = this.chooser;
    return wrong || (file ? null : say("nofile"));
  }

  // All that is missing, in one sentence each; its fields are marked.
  lacking() {
    const found = [this.lacksClip];
    const isNameless = this.isForm && !this.fields.title;
    this.fields.mark(isNameless ? { title: say("no_title") } : {});
    if (isNameless) found.push(say("no_title"));
    return found.filter(Boolean);
  }

  // {clip, page} of the draft that the form became; both null when there is no network to say.
  async handForm(again = true) {
    if (!this.isForm) return { clip: this.form.dataset.clip, page: location.pathname };
    if (this.network.isOffline) return this.withoutNetwork();
    let answer;
    try {
      answer = await this.draft.send();
    } catch (error) {
      if (!(error instanceof SignedOut)) return this.withoutNetwork();
      this.chooser.show(say("out"));
      return null;
    }
    const { status, value } = answer;
    if (status === 200) return value;
    if (status === 404 && again) {
      // The draft was sent or deleted elsewhere: what stands here becomes a new one.
      this.fields.clip = "";
      await this.draft.release();
      return this.handForm(false);
    }
    this.fields.mark(value.errors || {});
    this.chooser.show(value.errors ? Object.values(value.errors)[0] : value.title || say("server"));
    return null;
  }

  withoutNetwork() {
    if (this.session.vault) return { clip: this.fields.clip || null, page: null };
    this.chooser.show(say("offline_form"));
    return null;
  }

  async sendOff({ clip, page }) {
    const { title } = this.fields;
    const entries = this.isForm ? this.fields.entries() : [];
    const id = this.draft ? await this.draft.release(false) : `clip-${clip}`;
    const known = clip && !page ? `${this.urls.clips}/${clip}` : page;
    const send = { id, title, entries, clip, page: known, action: this.form.getAttribute("action") };
    const { file, before } = this.chooser;
    this.wantsMore = false;
    this.panel.isTyping = false;
    await this.queue.add(send, file, before);
    this.box.hidden = true;
    this.chooser.empty();
    this.drawn();
    const note = document.querySelector("[data-restored]");
    if (note) note.hidden = true;
    this.panel.card.scrollIntoView({ block: "start" });
  }

  // A form that was filled in without a network, and that the server does not take.
  async mend(send, errors) {
    const file = this.queue.files.get(send.id);
    await this.queue.drop(send);
    await this.more();
    this.fields.fill(send.entries);
    this.draft.edited();
    await this.chooser.take(file);
    this.fields.mark(errors);
    this.chooser.show(Object.values(errors)[0] || say("server"));
    this.drawn();
  }
}

// The app without a network. The worker is told to fill its store again: signing out empties it.
async function install(url) {
  try {
    await navigator.serviceWorker.register(url, { scope: "/" });
    const ready = await navigator.serviceWorker.ready;
    ready.active.postMessage("fill");
  } catch {
    // Not here: everything else works without it.
  }
}

const form = document.querySelector("form[data-upload]");
const box = document.querySelector("[data-people-box]");
const people = box && new People(box);
if (form && supported) {
  const page = new Page(form, people);
  page.start();
  if (navigator.serviceWorker) install(page.urls.worker);
}
