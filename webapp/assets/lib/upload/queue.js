// The clips that are on their way, one after the other, and what this browser keeps of each: a
// closed page, a sleeping phone or another day costs no byte that the server has.
import { Sender } from "../sender.js";
import { fingerprint } from "./fingerprint.js";
import { asForm } from "./fields.js";
import { SignedOut } from "./session.js";

const NOTE = 3000; // ms between two notes of how far it is
const AGAIN = 15000; // ms until a form that could not be sent is tried again

// A send: {id, kind: "send", title, entries, clip, page, action, url, name, size, print, before, sent,
// used, paused, at}. `on` has change(), progress(send, values), state(send, state, words), done(send)
// and wrong(send, errors).
export class Queue {
  constructor({ session, network, endpoint, on }) {
    Object.assign(this, { session, network, endpoint, on });
    this.sends = [];
    this.files = new Map();
    this.current = null;
    this.sender = null;
    network.addEventListener("change", () => this.nudge());
    if (navigator.serviceWorker) {
      navigator.serviceWorker.addEventListener("message", ({ data }) => data === "resume" && this.nudge());
    }
  }

  // What an earlier page left. `only`: the clip of a page that is about one.
  async load(only = null) {
    if (!this.session.vault) return;
    const all = await this.session.vault.all();
    for (const send of all.reverse()) {
      if (send.kind !== "send" || (only && send.clip !== only)) continue;
      const file = await this.session.vault.file(send.id);
      if (file) this.files.set(send.id, new File([file], send.name, { type: file.type }));
      this.sends.push(send);
    }
    this.next();
    this.on.change();
  }

  get waiting() {
    return this.sends.filter((send) => send !== this.current && this.files.has(send.id));
  }

  get needing() {
    return this.sends.filter((send) => !this.files.has(send.id));
  }

  async add(send, file, before = null) {
    const known = this.sends.find((one) => one.clip && one.clip === send.clip);
    const print = await fingerprint(file);
    if (known && known.print === print) return this.supply(known, file);
    if (known) await this.remove(known);
    const made = { kind: "send", url: null, sent: 0, used: 0, paused: this.isPaused, ...send };
    Object.assign(made, { name: file.name, size: file.size, print, before: before && (await fingerprint(before)) });
    this.sends.push(made);
    this.files.set(made.id, file);
    await this.note(made);
    this.keep(made, file);
    this.next();
    this.on.change();
    return true;
  }

  keep(send, file) {
    if (!this.session.vault) return;
    this.session.vault.keepFile(send.id, file).then((isKept) => {
      // It may have arrived, or been given up, while it was being written.
      if (isKept && !this.sends.includes(send)) this.session.vault.dropFile(send.id);
      send.isKept = isKept;
      this.on.change();
    });
  }

  // The file of a send, chosen again. Whether it is the same.
  async supply(send, file) {
    const print = await fingerprint(file);
    if (print === send.before) Object.assign(send, { url: null, sent: 0, print, before: null, size: file.size });
    if (print !== send.print) return false;
    this.files.set(send.id, file);
    send.paused = false;
    this.keep(send, file);
    this.next();
    this.on.change();
    return true;
  }

  note(send) {
    send.notedAt = performance.now();
    if (!this.session.vault) return Promise.resolve();
    const { id, at, notedAt, isKept, after, ...value } = send;
    return this.session.vault.put(id, value).catch(() => {});
  }

  // Go on with whatever may go on.
  next() {
    const { current } = this;
    if (current && (current.paused || this.network.mustWait)) this.halt();
    if (this.current || this.starting) return;
    const mayGo = (send) => this.files.has(send.id) && !send.paused && !send.stuck && !(send.after > Date.now());
    const ready = this.sends.filter(mayGo);
    if (!ready.length) return;
    if (this.network.mustWait) return void this.on.state(ready[0], "wifi");
    this.starting = true;
    const begun = () => {
      this.starting = false;
      if (!this.current) this.next();
    };
    this.start(ready[0]).then(begun, begun);
  }

  async start(send) {
    this.current = send;
    this.on.state(send, "sending");
    if (!(await this.alone(send))) return this.rest(send, "elsewhere");
    if (!send.clip && !(await this.handForm(send))) return undefined;
    if (!this.session.csrf) await this.session.refresh().catch(() => {}); // the sender asks again
    if (this.current !== send || send.paused) return undefined;
    const { url, sent, used, clip, name } = send;
    this.sender = new Sender({
      file: this.files.get(send.id),
      endpoint: this.endpoint,
      url,
      sent,
      used,
      metadata: { filename: name, clip },
      session: this.session,
      on: this.hooks(send),
    });
    return this.sender.go();
  }

  // Two pages that send the same clip would take turns at throwing each other out.
  alone(send) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      navigator.locks.request(`lantoa-send-${send.id}`, { ifAvailable: true }, (lock) => {
        resolve(Boolean(lock));
        return lock && new Promise((release) => (this.release = release));
      });
    });
  }

  // The form of a clip that was sent off without a network.
  async handForm(send) {
    try {
      const { status, value } = await this.session.post(send.action, asForm(send.entries, ""), { "Idempotency-Key": send.id });
      if (status === 200) {
        Object.assign(send, value);
        await this.note(send);
        return true;
      }
      this.rest(send, "wrong");
      this.on.wrong(send, value.errors || {});
    } catch (error) {
      if (error instanceof SignedOut) this.rest(send, "out");
      else this.later(send);
    }
    return false;
  }

  later(send) {
    send.after = Date.now() + AGAIN;
    this.free();
    this.nudgeLater();
    this.on.state(send, this.network.isOffline ? "offline" : "retry");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.next(), AGAIN + 100);
  }

  // Nothing that passes by itself: the person is needed.
  rest(send, state, words) {
    send.stuck = state;
    this.free();
    this.on.state(send, state, words);
    this.note({ ...send, stuck: null });
    this.next();
  }

  free() {
    if (this.release) this.release();
    this.release = null;
    this.current = null;
    this.sender = null;
  }

  hooks(send) {
    return {
      url: (url) => {
        send.url = url;
        if (!url) send.sent = 0;
        this.note(send);
      },
      progress: (values) => {
        Object.assign(send, { sent: values.sent, used: values.used });
        if (performance.now() - send.notedAt > NOTE) this.note(send);
        this.on.progress(send, values);
      },
      state: (state, words) => {
        if (state === "refused" || state === "out") return this.rest(send, state, words);
        if (state !== "sending") this.nudgeLater();
        return this.on.state(send, state, words);
      },
      done: () => this.finish(send),
    };
  }

  finish(send) {
    this.free();
    this.drop(send);
    this.on.done(send);
    this.next();
    this.on.change();
  }

  drop(send) {
    this.sends = this.sends.filter((one) => one !== send);
    this.files.delete(send.id);
    if (!this.session.vault) return Promise.resolve();
    return Promise.all([this.session.vault.remove(send.id), this.session.vault.dropFile(send.id)]);
  }

  halt() {
    const { current: send, sender } = this;
    if (sender) sender.stop();
    this.free();
    this.note(send);
    this.on.state(send, send.paused ? "paused" : "wifi");
  }

  // Nothing is sent until the person says so: the whole row waits, also what joins it.
  pause() {
    for (const send of this.sends) {
      send.paused = true;
      this.note(send);
      if (send !== this.current) this.on.state(send, "paused");
    }
    this.next();
    this.on.change();
  }

  // One of the row, or without one all of it.
  resume(only = null) {
    for (const send of only ? [only] : this.sends) {
      Object.assign(send, { paused: false, stuck: null });
      this.note(send);
    }
    this.next();
    this.on.change();
  }

  get isPaused() {
    return this.sends.length > 0 && this.sends.every((send) => send.paused);
  }

  nudge() {
    for (const send of this.sends) send.after = 0;
    this.next();
    if (this.sender) this.sender.wake();
  }

  // Where the browser can, it wakes us when there is a network again.
  nudgeLater() {
    if (!navigator.serviceWorker || !window.SyncManager) return;
    navigator.serviceWorker.ready.then((worker) => worker.sync.register("send")).catch(() => {});
  }

  // Given up by the person: what the server has of it goes, too. The draft stays.
  async remove(send) {
    if (send === this.current) {
      if (this.sender) this.sender.stop();
      this.free();
    }
    await this.drop(send);
    if (send.url) {
      const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": this.session.csrf };
      fetch(send.url, { method: "DELETE", headers, credentials: "same-origin" }).catch(() => {});
    }
    this.next();
    this.on.change();
  }
}
