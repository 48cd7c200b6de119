// The caption editor: times are set from the playing clip, and nothing that was typed is lost.
import { Rows } from "./lib/caption-rows.js";
import { moment } from "./lib/moments.js";
import { linesOf, payload, read, write } from "./lib/vtt.js";

const root = document.querySelector("[data-captions]");
const words = JSON.parse(document.getElementById("words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const USUAL = 2.5; // seconds of a new cue
const GAP = 0.001; // seconds between two cues that were parted
const KEPT_DAYS = 30; // a draft that nobody came back for
const find = (name) => root.querySelector(`[data-${name}]`);
const show = (name, shown) => void (find(name).hidden = !shown);
// As the pages write times: in the zone of the server's people, wherever this browser thinks it is.
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: root.dataset.zone };
const hour = (time) => new Date(time).toLocaleTimeString(document.documentElement.lang, CLOCK);

// What was typed, in this browser, until the server has it. Private windows may refuse.
class Drafts {
  constructor({ clip, revision, language }) {
    this.key = `captions/${clip}/${revision}/${language}`;
    this.sweep();
  }

  get() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  keep(version, cues) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ version, cues, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  drop() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }

  sweep() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith("captions/")) continue;
        const { at } = JSON.parse(localStorage.getItem(key));
        if (Date.now() - at > KEPT_DAYS * 86400000) localStorage.removeItem(key);
      }
    } catch {
      // not ours, or not allowed
    }
  }
}

class Editor {
  constructor() {
    const data = root.dataset;
    this.video = root.querySelector("video");
    this.version = Number(data.version);
    this.revision = Number(data.revision);
    this.drafts = new Drafts(data);
    this.rows = new Rows(root, words, () => this.changed());
    this.stored = read(find("plain").querySelector("textarea").value);
    this.dirty = Boolean(data.dirty);
    this.shown = this.video.addTextTrack("captions", data.name, data.language);
    this.shown.mode = "hidden"; // said below the picture, where no control covers it
    this.begin();
    this.listen();
  }

  // A draft of this browser goes on where it was; if somebody saved meanwhile, both are offered.
  begin() {
    show("plain", false);
    for (const name of ["list-part", "tools", "now"]) show(name, true);
    const draft = this.drafts.get();
    this.rows.load(draft ? draft.cues : this.stored);
    if (draft && draft.version === this.version) {
      find("restored-text").textContent = words.restored.replace("{time}", hour(draft.at));
      show("restored", true);
    } else if (draft) {
      this.offer(words.stale_draft, write(this.stored), this.version);
    }
    if (draft) this.dirty = true;
    this.refresh();
    if (this.dirty) this.say(words.unsaved);
  }

  listen() {
    const { video } = this;
    const on = (name, act) => find(name).addEventListener("click", act);
    on("play", () => this.toggle());
    on("back", () => this.leap(-2));
    on("forward", () => this.leap(2));
    on("add", () => this.add());
    on("save", () => this.save());
    on("drop", () => this.drop());
    on("undo-button", () => this.undo());
    on("keep-mine", () => this.choose(this.mine, words.mine_taken));
    on("use-other", () => this.choose(this.other, words.other_taken));
    root.addEventListener("click", (event) => this.press(event.target.closest("button")));
    for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) video.addEventListener(kind, () => this.tick());
    video.addEventListener("loadedmetadata", () => this.refresh());
    for (const kind of ["play", "pause"]) {
      video.addEventListener(kind, () => {
        find("play").textContent = video.paused ? words.play : words.pause;
      });
    }
    video.addEventListener("timeupdate", () => {
      if (this.until !== undefined && video.currentTime >= this.until) {
        this.until = undefined;
        video.pause();
      }
    });
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("online", () => this.waiting && this.save());
    window.addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.isKept) event.preventDefault();
    });
  }

  press(button) {
    const row = button && button.closest("[data-cue]");
    if (!row) return;
    if (button.matches("[data-set-start]")) this.set(row, "start");
    if (button.matches("[data-set-end]")) this.set(row, "end");
    if (button.matches("[data-hear]")) this.hear(row);
    if (button.matches("[data-delete]")) this.remove(row);
    if (button.matches("[data-part]")) this.part(row);
  }

  key(event) {
    const letter = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && letter === "s") {
      event.preventDefault();
      return void this.save();
    }
    const row = event.target.closest("[data-cue]");
    if (event.altKey && !event.ctrlKey) {
      const act = {
        BracketLeft: () => row && this.set(row, "start"),
        BracketRight: () => row && this.set(row, "end"),
        KeyK: () => this.toggle(),
        KeyJ: () => this.leap(-2),
        KeyL: () => this.leap(2),
      }[event.code];
      if (act) {
        event.preventDefault();
        act();
      }
      return;
    }
    // An input method of Vietnamese ends a syllable with Enter: that one is not ours.
    const typing = event.target.matches("[data-text]") && !event.isComposing;
    if (typing && event.key === "Enter" && !event.shiftKey && !event.ctrlKey) {
      event.preventDefault();
      this.add(row);
    }
  }

  toggle() {
    this.until = undefined;
    if (this.video.paused) this.video.play();
    else this.video.pause();
  }

  leap(by) {
    this.until = undefined;
    this.video.currentTime = Math.min(this.length || 0, Math.max(0, this.video.currentTime + by));
  }

  get length() {
    return Number.isFinite(this.video.duration) ? this.video.duration : 0;
  }

  set(row, name) {
    this.rows.field(row, name).value = moment(this.video.currentTime);
    if (name === "start") {
      const cue = this.rows.cue(row);
      if (!(cue.end > cue.start)) this.rows.field(row, "end").value = moment(this.endFor(cue.start, row));
      this.rows.sort();
    }
    this.changed();
  }

  // Until the next cue or the clip's end, whichever comes first.
  endFor(start, except) {
    const later = this.rows.all
      .filter((row) => row !== except)
      .map((row) => this.rows.cue(row).start)
      .filter((time) => time > start);
    return Math.min(start + USUAL, ...later, this.length || Infinity);
  }

  // A new cue at the playhead. The one that was being written ends there; without playing on, the
  // next one begins where it ends.
  add(row) {
    let start = this.video.currentTime;
    if (row) {
      const cue = this.rows.cue(row);
      if (start > cue.start && start < cue.end) this.rows.field(row, "end").value = moment(start);
      else if (!(start > cue.start) && cue.end > cue.start) start = cue.end;
    }
    start = Math.min(start, Math.max(0, (this.length || Infinity) - 0.1));
    const made = this.rows.insert({ start, end: this.endFor(start), text: "" });
    this.changed();
    this.rows.field(made, "text").focus({ preventScroll: true });
    made.scrollIntoView({ block: "nearest" });
  }

  hear(row) {
    const { start, end } = this.rows.cue(row);
    if (Number.isNaN(start)) return;
    this.video.currentTime = start;
    this.until = end > start ? end : undefined;
    this.video.play();
  }

  // The cue before ends just before this one begins.
  part(row) {
    const before = this.rows.all[this.rows.all.indexOf(row) - 1];
    this.rows.field(before, "end").value = moment(this.rows.cue(row).start - GAP);
    this.changed();
    this.rows.field(row, "text").focus();
  }

  remove(row) {
    this.gone = { row, before: row.nextElementSibling };
    row.remove();
    show("undo", true);
    find("undo-button").focus();
    this.changed();
  }

  undo() {
    if (!this.gone) return;
    const { row, before } = this.gone;
    this.rows.list.insertBefore(row, before && before.isConnected ? before : null);
    this.gone = null;
    show("undo", false);
    this.changed();
    this.rows.field(row, "text").focus();
  }

  changed() {
    this.dirty = true;
    this.refresh();
    this.isKept = this.drafts.keep(this.version, this.rows.typed());
    this.say(words.unsaved);
  }

  refresh() {
    this.wrong = this.rows.check(this.length);
    show("empty", !this.rows.all.length);
    this.preview();
    this.tick();
  }

  preview() {
    while (this.shown.cues && this.shown.cues.length) this.shown.removeCue(this.shown.cues[0]);
    for (const { start, end, text } of this.rows.cues) {
      if (end > start && text.trim()) this.shown.addCue(new VTTCue(start, end, payload(text)));
    }
  }

  tick() {
    const time = this.video.currentTime;
    const now = this.rows.at(time);
    find("clock").textContent = moment(time, 1);
    find("now").textContent = now ? this.rows.cue(now).text.replace(/<\/?[biu]>/gi, "") : "\u00a0";
    for (const row of this.rows.all) row.classList.toggle("now", row === now);
  }

  say(text, isBad = false) {
    const status = find("status");
    status.textContent = text;
    status.classList.toggle("bad-words", isBad);
  }

  async save() {
    if (this.saving) return;
    const { cues } = this.rows;
    if (!cues.length) return this.say(words.none, true);
    if (this.rows.check(this.length)) {
      this.say(words.mend.replace("{n}", this.rows.check(this.length)), true);
      root.querySelector(".cue.wrong").scrollIntoView({ block: "center" });
      return;
    }
    this.rows.sort();
    this.saving = true;
    this.say(words.saving);
    try {
      await this.send(this.rows.cues);
    } finally {
      this.saving = false;
    }
  }

  async send(cues) {
    const typed = JSON.stringify(this.rows.typed());
    const query = `?version=${this.version}&revision=${this.revision}&source=editor`;
    const headers = { "Content-Type": "text/vtt", "X-CSRFToken": csrf };
    const options = { method: "PUT", headers, body: write(cues), credentials: "same-origin" };
    const answer = await fetch(root.dataset.url + query, options).catch(() => null);
    this.waiting = !answer;
    if (!answer) return this.say(words.offline, true);
    const told = await answer.json().catch(() => ({}));
    const at = Date.parse(answer.headers.get("Date")) || Date.now();
    if (answer.ok) return this.saved(told.captions.version, typed, at);
    if (told.code === "stale_captions") return this.conflict(told);
    if (answer.status === 401 || told.code === "csrf") return this.say(words.signed_out, true);
    this.refused(told, cues);
  }

  // What was typed while the answer was on its way is not saved yet.
  saved(version, typed, at) {
    this.version = version;
    const isSame = JSON.stringify(this.rows.typed()) === typed;
    this.dirty = !isSame;
    if (isSame) this.drafts.drop();
    else this.drafts.keep(version, this.rows.typed());
    for (const name of ["other", "restored", "undo", "errors"]) show(name, false);
    this.stored = this.rows.cues;
    this.say(isSame ? words.saved.replace("{time}", hour(at)) : words.unsaved);
  }

  refused(told, cues) {
    this.say(words.failed, true);
    const list = find("errors");
    list.textContent = "";
    const lines = linesOf(cues);
    for (const [field, sentence] of Object.entries(told.errors || { "": told.title || words.failed })) {
      const item = document.createElement("li");
      item.textContent = sentence;
      list.append(item);
      const at = lines.indexOf(Number(field.split(".")[1]));
      if (at >= 0) this.rows.tell(this.rows.all[at], sentence, true);
    }
    list.hidden = false;
  }

  conflict({ version, revision, text }) {
    if (revision !== this.revision) return this.say(words.stale, true);
    this.offer(words.stale, text, version);
    this.say(words.stale, true);
  }

  // Two versions: both stay at hand until one of them is saved.
  offer(why, text, version) {
    this.mine = this.rows.typed();
    this.other = read(text);
    this.version = version;
    find("other-why").textContent = why;
    find("other-text").textContent = text.replace(/^WEBVTT\s*/, "") || words.removed;
    show("other", true);
    this.isKept = this.drafts.keep(version, this.mine);
  }

  choose(cues, sentence) {
    this.rows.load(cues);
    this.changed();
    this.say(sentence);
  }

  drop() {
    this.drafts.drop();
    this.rows.load(this.stored);
    this.dirty = false;
    show("restored", false);
    this.refresh();
    this.say("");
  }
}

if (root.querySelector("video") && !root.dataset.byHand) new Editor();
