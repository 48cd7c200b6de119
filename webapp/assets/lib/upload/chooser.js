// Choosing or filming a clip: a look at it, a preview, what is wrong with it and how to mend that.
import { look } from "./look.js";
import { canShrink, estimate, offer, Shrinking } from "./shrink.js";
import { clock, say, size } from "./words.js";

export class Chooser {
  constructor(form, limits) {
    this.form = form;
    this.limits = limits; // {maxBytes, maxSeconds, bytesLeft}
    const part = (name) => form.querySelector(`[data-${name}]`);
    this.input = form.querySelector('input[type="file"]');
    this.camera = part("camera");
    this.zone = form.querySelector(".dropzone");
    this.chosen = part("chosen");
    this.preview = part("preview");
    this.trouble = part("trouble");
    this.advice = part("advice");
    this.box = part("shrink");
    this.file = null;
    this.before = null; // the file that this one was made of
    this.wrong = null;
    this.listen();
  }

  listen() {
    this.input.addEventListener("change", () => this.take(this.input.files[0]));
    if (this.camera && matchMedia("(pointer: coarse)").matches) {
      this.camera.closest("[data-record]").hidden = false;
      this.camera.addEventListener("change", () => this.take(this.camera.files[0]));
    }
    const over = (on) => () => this.zone.classList.toggle("over", on);
    for (const kind of ["dragenter", "dragover"]) this.zone.addEventListener(kind, over(true));
    for (const kind of ["dragleave", "drop"]) this.zone.addEventListener(kind, over(false));
    const [go, stop] = ["[data-shrink-go]", "[data-shrink-stop]"].map((name) => this.box.querySelector(name));
    go.addEventListener("click", () => this.shrink());
    stop.addEventListener("click", () => this.shrinking && this.shrinking.cancel());
  }

  get isBusy() {
    return Boolean(this.shrinking);
  }

  // The choice that was opened and closed without one changes nothing.
  async take(file, before = null) {
    if (!file) return;
    if (this.shrinking) this.shrinking.cancel();
    this.file = file;
    this.before = before;
    this.show(null);
    this.advise([]);
    this.chosen.hidden = false;
    this.chosen.textContent = `${file.name} · ${size(file.size)} · ${say("looking")}`;
    const ready = look(file, this.preview, this.limits);
    this.looking = ready;
    const seen = await ready;
    if (this.looking !== ready) return; // another one was chosen meanwhile
    this.tell(file, seen);
  }

  tell(file, { facts, playable, wrong, warnings }) {
    this.wrong = wrong;
    const parts = [file.name, size(file.size)];
    if (facts.duration) parts.push(clock(facts.duration));
    if (facts.width) parts.push(`${Math.round(facts.width)} × ${Math.round(facts.height)}`);
    this.chosen.textContent = parts.join(" · ");
    this.preview.hidden = !playable;
    this.show(wrong);
    this.advise(warnings);
    this.suggest(file, facts, wrong);
    const isRefused = Boolean(wrong) && this.box.hidden;
    this.zone.querySelector("strong").textContent = say(isRefused ? "choose" : "choose_other");
    if (isRefused) this.refuse(file);
  }

  // Not chosen, and not shown as if it were; why stands below. Nothing of it can be sent.
  refuse(file) {
    this.file = null;
    for (const input of [this.input, this.camera]) if (input) input.value = "";
    for (const part of [this.preview, this.chosen]) part.hidden = true;
    this.advise([]);
    this.show(`${file.name}: ${this.wrong}`);
  }

  suggest(file, facts, wrong) {
    const isTooBig = file.size > this.limits.maxBytes || file.size > this.limits.bytesLeft;
    const found = this.before || (wrong && !isTooBig) || !canShrink() ? null : estimate(file, facts);
    this.box.hidden = !found;
    if (!found) return;
    this.box.querySelector("[data-shrink-words]").textContent = say(isTooBig ? "shrink_must" : "shrink_may");
    this.box.querySelector("[data-shrink-go]").textContent = offer(found);
  }

  async shrink() {
    const [file, progress] = [this.file, this.box.querySelector("progress")];
    const work = new Shrinking(this.form.dataset.shrinker, file, (share) => {
      progress.value = share;
      this.box.querySelector("[data-shrink-words]").textContent = say("shrinking", { n: `${Math.round(share * 100)} %` });
    });
    this.shrinking = work;
    this.busy(true);
    try {
      const made = await work.result;
      this.shrinking = null;
      this.busy(false);
      if (made.size < file.size) await this.take(made, file);
      this.advise([say("shrunk", { size: size(made.size), saved: size(Math.max(0, file.size - made.size)) })]);
    } catch (error) {
      this.shrinking = null;
      this.busy(false);
      const isOurs = error.message === "cancelled";
      this.box.querySelector("[data-shrink-words]").textContent = say(isOurs ? "shrink_stopped" : "shrink_failed");
      if (!isOurs) this.box.querySelector("[data-shrink-go]").hidden = true;
    }
  }

  busy(is) {
    this.box.querySelector("progress").hidden = !is;
    this.box.querySelector("progress").value = 0;
    this.box.querySelector("[data-shrink-go]").hidden = is;
    const stop = this.box.querySelector("[data-shrink-stop]");
    stop.hidden = !is;
    if (is) stop.focus();
  }

  show(text) {
    this.tellTrouble(text);
    if (text) this.trouble.scrollIntoView({ block: "center" });
  }

  // Where the person is typing somewhere else: the page stays where it is.
  tellTrouble(text) {
    this.trouble.hidden = !text;
    this.trouble.textContent = text || "";
  }

  advise(sentences) {
    this.advice.hidden = !sentences.length;
    this.advice.textContent = sentences.join(" ");
  }

  // After a clip has been sent off: room for the next.
  empty() {
    Object.assign(this, { file: null, before: null, wrong: null, looking: null });
    for (const input of [this.input, this.camera]) if (input) input.value = "";
    this.preview.removeAttribute("src");
    this.preview.load();
    for (const part of [this.preview, this.chosen, this.box]) part.hidden = true;
    this.zone.querySelector("strong").textContent = say("choose");
    this.show(null);
    this.advise([]);
  }
}
