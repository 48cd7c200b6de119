// What is being sent, what waits, what needs its file again, and what has arrived.
import { left, megabytes, say, size } from "./words.js";

const OPEN_AFTER = 6; // seconds until the page of the only clip opens by itself

export class Panel {
  constructor(root, network, { queue, more, file }) {
    Object.assign(this, { root, network, queue, more, file });
    const part = (name) => root.querySelector(`[data-${name}]`);
    this.card = part("upload-panel");
    this.parts = Object.fromEntries(
      ["heading", "name", "figures", "used", "state", "toggle", "cancel", "more", "wifi", "wifi-words", "done", "sign-in", "keep"].map((name) => [name, part(name)]),
    );
    this.bar = this.card.querySelector("progress");
    this.list = part("sends");
    this.sent = [];
    this.states = new Map();
    this.listen();
  }

  listen() {
    const { toggle, cancel, more, wifi, done } = this.parts;
    toggle.addEventListener("click", () => this.shown && this.press(this.shown));
    cancel.addEventListener("click", () => this.shown && confirm(say("cancel_sure")) && this.queue().remove(this.shown));
    if (more) more.addEventListener("click", () => this.more());
    wifi.checked = this.network.onlyWifi;
    wifi.disabled = !this.network.knows;
    this.parts["wifi-words"].textContent = say(this.network.knows ? "wifi_hint" : "wifi_unknown");
    wifi.addEventListener("change", () => (this.network.onlyWifi = wifi.checked));
    done.addEventListener("click", (event) => {
      this.stay();
      if (event.target.closest("[data-another]")) this.more();
    });
    done.addEventListener("focusin", () => this.stay());
    this.list.addEventListener("change", (event) => this.supplied(event.target));
    this.list.addEventListener("click", (event) => this.row(event.target));
  }

  press(send) {
    if (send.paused) this.queue().resume();
    else if (send.stuck) this.queue().resume(send);
    else this.queue().pause();
  }

  // The one that the card is about: what is being sent, else what would be next.
  get shown() {
    const { current, sends, files } = this.queue();
    return current || sends.find((send) => files.has(send.id)) || null;
  }

  draw() {
    const { shown } = this;
    const isOver = !shown && this.sent.length > 0;
    this.card.hidden = !shown && !isOver;
    this.card.classList.toggle("over", isOver);
    for (const part of this.card.querySelectorAll("[data-while]")) part.hidden = isOver;
    this.parts.done.hidden = !this.sent.length;
    if (shown) this.drawSend(shown);
    else if (isOver) this.parts.heading.textContent = say(this.sent.length > 1 ? "done_all" : "done");
    this.drawRows();
  }

  drawSend(send) {
    const state = this.states.get(send.id) || [send.paused ? "paused" : "sending"];
    this.parts.heading.textContent = say(send.paused ? "heading_paused" : "heading");
    this.parts.name.textContent = [send.title, send.name].filter(Boolean).join(" · ");
    this.bar.value = send.size ? send.sent / send.size : 0;
    this.bar.textContent = `${Math.round(this.bar.value * 100)} %`;
    this.parts.toggle.textContent = say(send.paused || send.stuck ? "resume" : "pause");
    this.parts["sign-in"].hidden = state[0] !== "out";
    this.parts.keep.textContent = say(this.keepWords(send));
    this.say(state);
    this.figures(send);
  }

  keepWords(send) {
    if (send.isKept === false) return "keep_open";
    return send.paused ? "keep_paused" : "keep_closed";
  }

  // Said once: a reader of the screen is not told every figure.
  say([state, words]) {
    const text = words || say(state);
    if (this.parts.state.textContent !== text) this.parts.state.textContent = text;
    this.card.dataset.now = state;
  }

  figures(send, pace) {
    const parts = [say("sent", { sent: megabytes(send.sent), total: megabytes(send.size) })];
    const speed = pace ? pace.speed : NaN;
    if (speed > 0 && send.sent < send.size) parts.push(left((send.size - send.sent) / speed));
    this.parts.figures.textContent = parts.join(" · ");
    const twice = Math.max(0, send.used - send.sent);
    const name = twice > 52428 ? "used_twice" : "used";
    this.parts.used.textContent = say(name, { used: megabytes(send.used), twice: megabytes(twice) });
  }

  progress(send, { pace }) {
    if (send !== this.shown) return;
    this.bar.value = send.size ? send.sent / send.size : 0;
    this.bar.textContent = `${Math.round(this.bar.value * 100)} %`;
    this.figures(send, pace);
  }

  state(send, state, words) {
    this.states.set(send.id, [state, words]);
    this.draw();
  }

  // Another that waits, or lacks its file.
  drawRows() {
    const { waiting, needing } = this.queue();
    const rows = [...waiting.filter((send) => send !== this.shown), ...needing];
    // Rows that stay the same stay: one of them may have the phone's file window open.
    const now = rows.map((send) => [send.id, send.paused, needing.includes(send)].join()).join(" ");
    if (now === this.drawn) return;
    this.drawn = now;
    this.list.textContent = "";
    for (const send of rows) this.list.append(this.rowOf(send, needing.includes(send)));
    this.list.closest("[data-sends-box]").hidden = !rows.length;
  }

  rowOf(send, needsFile) {
    const row = this.root.querySelector("template[data-send-row]").content.firstElementChild.cloneNode(true);
    row.dataset.id = send.id;
    row.querySelector("[data-row-title]").textContent = send.title || send.name;
    const figures = { sent: megabytes(send.sent), total: megabytes(send.size) };
    const words = needsFile
      ? say("needs_file", { name: send.name, ...figures })
      : `${say(send.paused ? "row_paused" : "queued")} · ${say("row_sent", figures)}`;
    row.querySelector("[data-row-words]").textContent = words;
    row.querySelector("[data-row-file]").hidden = !needsFile;
    row.querySelector("[data-row-go]").hidden = needsFile || !send.paused;
    return row;
  }

  async supplied(input) {
    if (!input.matches('input[type="file"]') || !input.files[0]) return;
    const row = input.closest("[data-id]");
    const send = this.queue().sends.find((one) => one.id === row.dataset.id);
    if (await this.queue().supply(send, input.files[0])) return this.card.scrollIntoView({ block: "start" });
    const told = row.querySelector("[data-row-wrong]");
    told.hidden = false;
    told.textContent = say("other_file", { name: send.name, size: size(send.size) });
    input.value = "";
    return undefined;
  }

  row(target) {
    const row = target.closest("[data-id]");
    const send = row && this.queue().sends.find((one) => one.id === row.dataset.id);
    if (!send) return;
    if (target.matches("[data-row-go]")) this.queue().resume(send);
    if (target.matches("[data-row-drop]") && confirm(say("cancel_sure"))) this.queue().remove(send);
  }

  done(send) {
    this.states.delete(send.id);
    this.sent.push(send);
    const link = document.createElement("a");
    link.href = send.page;
    link.textContent = send.title || send.name;
    const item = document.createElement("li");
    item.append(link);
    this.parts.done.querySelector("ul").append(item);
    this.parts.done.querySelector("[data-see]").href = send.page;
    this.say(["done"]);
    const isOnly = this.sent.length === 1 && this.queue().sends.length === 0 && !this.isTyping;
    if (isOnly) this.openSoon(send.page);
  }

  // The only clip's page opens by itself, unless the person does something here.
  openSoon(page) {
    const told = this.parts.done.querySelector("[data-soon]");
    let seconds = OPEN_AFTER;
    const tick = () => {
      told.textContent = say("opening", { n: seconds });
      if (seconds === 0) location.assign(page);
      seconds -= 1;
    };
    this.opening = setInterval(tick, 1000);
    tick();
  }

  stay() {
    clearInterval(this.opening);
    this.parts.done.querySelector("[data-soon]").textContent = "";
  }
}
