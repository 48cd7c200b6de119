// The submit page and the resubmit form: check the file here, keep the form there, then send.
import { Sender, supported } from "./lib/sender.js";

const words = JSON.parse(document.getElementById("words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const language = document.documentElement.lang;
const say = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name]);
const number = (value, digits = 1) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const megabytes = (bytes) => number(bytes / 1048576);
const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;

class Page {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type="file"]');
    this.zone = form.querySelector(".dropzone");
    this.chosen = form.querySelector("[data-chosen]");
    this.preview = form.querySelector("video[data-preview]");
    this.panel = form.querySelector("[data-upload-panel]");
    this.bar = this.panel.querySelector("progress");
    this.state = this.panel.querySelector("[data-state]");
    this.toggle = this.panel.querySelector("[data-toggle]");
    this.trouble = form.querySelector("[data-trouble]");
    this.button = form.querySelector("[data-send]");
    this.fields = form.querySelector("[data-fields]");
    this.fileIsGood = false;
    this.listen();
  }

  listen() {
    this.input.addEventListener("change", () => this.choose());
    for (const kind of ["dragenter", "dragover"]) {
      this.zone.addEventListener(kind, () => this.zone.classList.add("over"));
    }
    for (const kind of ["dragleave", "drop"]) {
      this.zone.addEventListener(kind, () => this.zone.classList.remove("over"));
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.toggle.addEventListener("click", () => {
      if (this.sender.running) this.sender.pause();
      else this.sender.go();
    });
    this.form.addEventListener("input", (event) => {
      this.typed = true;
      this.forgive(event.target);
    });
    window.addEventListener("beforeunload", (event) => {
      // What was typed is a draft once it was sent; before that it would be lost.
      if (this.sender ? this.sender.running : this.typed) event.preventDefault();
    });
  }

  async choose() {
    const file = this.input.files[0];
    this.show(null);
    this.fileIsGood = false;
    this.chosen.hidden = !file;
    if (!file) return;
    const limits = this.form.dataset;
    const facts = await this.look(file);
    const length = facts ? ` · ${clock(facts.duration)}` : "";
    this.chosen.textContent = `${file.name} · ${megabytes(file.size)} MB${length}`;
    if (file.size === 0) return this.show(say("empty"));
    if (file.size > Number(limits.maxBytes)) {
      return this.show(say("large", { most: megabytes(Number(limits.maxBytes)) }));
    }
    if (facts && facts.duration > Number(limits.maxSeconds)) {
      return this.show(say("long", { length: clock(facts.duration), most: clock(Number(limits.maxSeconds)) }));
    }
    if (file.type && !file.type.startsWith("video/")) return this.show(say("kind"));
    this.fileIsGood = true;
    return undefined;
  }

  // What this browser can tell of the file; null when it can not play it (the server may).
  look(file) {
    const url = URL.createObjectURL(file);
    const video = this.preview;
    return new Promise((resolve) => {
      const end = (facts) => {
        clearTimeout(patience);
        video.hidden = !facts;
        if (!facts) URL.revokeObjectURL(url);
        resolve(facts);
      };
      const patience = setTimeout(() => end(null), 5000);
      video.onloadedmetadata = () =>
        end(Number.isFinite(video.duration) && video.videoWidth ? { duration: video.duration } : null);
      video.onerror = () => end(null);
      video.src = url;
    });
  }

  show(text) {
    this.trouble.hidden = !text;
    this.trouble.textContent = text || "";
    if (text) this.trouble.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  async send() {
    if (this.sending) return;
    if (!this.input.files[0]) return this.show(say("nofile"));
    if (!this.fileIsGood && this.trouble.textContent) return this.show(this.trouble.textContent);
    this.sending = true;
    this.button.disabled = true;
    this.show(null);
    const target = await this.save();
    this.sending = false;
    this.button.disabled = Boolean(target);
    if (target) this.begin(target);
    return undefined;
  }

  // The form becomes a draft before the first byte; a clip that waits for a file needs none.
  async save() {
    if (this.form.dataset.clip) return { clip: this.form.dataset.clip, page: location.pathname };
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: this.fieldsOnly(),
        headers: { Accept: "application/json", "X-CSRFToken": csrf },
        credentials: "same-origin",
      });
      const value = await answer.json();
      if (answer.ok) {
        this.form.querySelector('input[name="clip"]').value = value.clip;
        history.replaceState(null, "", `${this.form.dataset.page}?clip=${value.clip}`);
        this.mark({});
        return value;
      }
      this.mark(value.errors || {});
      this.show(value.errors ? Object.values(value.errors)[0] : value.title || say("server"));
    } catch {
      this.show(say(navigator.onLine ? "server" : "offline"));
    }
    return null;
  }

  // Everything but the file, which goes its own way.
  fieldsOnly() {
    const data = new FormData(this.form);
    data.delete(this.input.name);
    return data;
  }

  mark(errors) {
    for (const field of this.form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const list of this.form.querySelectorAll(".errors")) list.remove();
    for (const [name, text] of Object.entries(errors)) {
      const [part, row, inner] = name.split(".");
      const field = this.form.elements[inner ? `${part}-${row}-${inner}` : part];
      const one = field instanceof RadioNodeList ? field[0] : field;
      if (!one) continue;
      one.setAttribute("aria-invalid", "true");
      const told = document.createElement("p");
      told.className = "errors";
      told.textContent = text;
      one.closest(".field, .person").append(told);
      one.focus();
    }
  }

  // A field that is being mended is no longer told off.
  forgive(field) {
    if (!field.hasAttribute("aria-invalid")) return;
    field.removeAttribute("aria-invalid");
    for (const told of field.closest(".field, .person").querySelectorAll(".errors")) told.remove();
    if (!this.form.querySelector("[aria-invalid]")) this.show(null);
  }

  begin({ clip, page }) {
    this.fields.hidden = true;
    this.panel.hidden = false;
    this.panel.querySelector("[data-name]").textContent = this.input.files[0].name;
    this.panel.scrollIntoView({ block: "start", behavior: "smooth" });
    this.began = performance.now();
    this.base = null;
    this.sender = new Sender({
      file: this.input.files[0],
      endpoint: this.form.dataset.endpoint,
      clip,
      csrf,
      on: {
        progress: (sent, total) => this.progress(sent, total),
        state: (state, code, told) => this.tell(state, code, told),
        done: () => {
          this.bar.value = 1;
          this.state.textContent = say("done");
          this.toggle.hidden = true;
          location.assign(page);
        },
      },
    });
    this.sender.go();
  }

  progress(sent, total) {
    const now = performance.now();
    if (this.base === null) this.base = { sent, now };
    this.bar.value = total ? sent / total : 0;
    this.bar.textContent = `${Math.round(this.bar.value * 100)} %`;
    const speed = (sent - this.base.sent) / Math.max(1, now - this.base.now); // bytes a ms
    const left = speed > 0 ? (total - sent) / speed / 1000 : NaN;
    const parts = [say("sent", { sent: megabytes(sent), total: megabytes(total) })];
    if (Number.isFinite(left) && now - this.base.now > 1500 && sent < total) {
      parts.push(left < 60 ? say("seconds", { n: Math.ceil(left) }) : say("minutes", { n: Math.ceil(left / 60) }));
    }
    this.figures = parts.join(" · ");
    this.state.textContent = this.figures;
  }

  tell(state, code, told) {
    this.toggle.textContent = say(this.sender && this.sender.running ? "pause" : "resume");
    if (state === "sending" && !this.figures) this.state.textContent = say("sending");
    if (state === "waiting" || state === "stuck") {
      this.base = null;
      const why = told || say(code === "offline" ? "offline" : state === "stuck" ? "server" : "retry");
      this.state.textContent = [this.figures, why].filter(Boolean).join(" · ");
    }
    if (state === "paused") {
      this.base = null;
      this.state.textContent = [this.figures, say("paused")].filter(Boolean).join(" · ");
    }
  }
}

class People {
  constructor(box) {
    this.list = box.querySelector("[data-people]");
    this.row = box.querySelector("template").innerHTML;
    this.next = this.list.children.length;
    box.querySelector("[data-add-person]").addEventListener("click", () => this.add());
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove-person]");
      if (button) button.closest(".person").remove();
    });
  }

  add() {
    this.list.insertAdjacentHTML("beforeend", this.row.replace(/__N__/g, String(this.next)));
    this.next += 1;
    this.list.lastElementChild.querySelector("input").focus();
  }
}

const form = document.querySelector("form[data-upload]");
if (form && supported) new Page(form);
const people = document.querySelector("[data-people-box]");
if (people) new People(people);
