// The rows of the editor: one cue each, with what is wrong with it said while it is typed.
import { moment, seconds } from "./moments.js";

const FAST = 20; // letters a second; above it few children read along
const LONG = 90; // letters: two full lines on a phone
const SHORT = 0.7; // seconds
const LEAST = 0.05; // seconds that are left of a cue whose end is cut off
const TOLERANCE = 1; // seconds, as the server's

export const plain = (text) => text.replace(/<\/?[biu]>/gi, "");

// As high as their text: read first, written then, so that the page is laid out once.
function grow(fields) {
  for (const field of fields) field.style.height = "auto";
  const heights = fields.map((field) => field.scrollHeight + field.offsetHeight - field.clientHeight);
  fields.forEach((field, at) => (field.style.height = heights[at] ? `${heights[at]}px` : ""));
}

export class Rows {
  constructor(root, words, onChange) {
    this.list = root.querySelector("[data-cues]");
    this.template = root.querySelector("template[data-row]");
    this.words = words;
    this.onChange = onChange;
    this.list.addEventListener("input", (event) => {
      if (event.target.matches("[data-text]")) grow([event.target]);
      onChange();
    });
    this.list.addEventListener("change", (event) => {
      if (event.target.matches("[data-start], [data-end]")) this.tidy(event.target);
      onChange();
    });
  }

  get all() {
    return [...this.list.children];
  }

  load(cues) {
    this.list.textContent = "";
    for (const cue of cues) this.list.append(this.make(cue));
    grow([...this.list.querySelectorAll("[data-text]")]);
  }

  // Times as they were typed are kept: a half-written one in a draft is still what was written.
  make(cue) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    this.field(row, "start").value = typeof cue.start === "number" ? moment(cue.start) : cue.start;
    this.field(row, "end").value = typeof cue.end === "number" ? moment(cue.end) : cue.end;
    this.field(row, "text").value = cue.text;
    return row;
  }

  field(row, name) {
    return row.querySelector(`[data-${name}]`);
  }

  cue(row) {
    return {
      start: seconds(this.field(row, "start").value),
      end: seconds(this.field(row, "end").value),
      text: this.field(row, "text").value,
    };
  }

  // As typed, for the draft in the browser.
  typed() {
    return this.all.map((row) => ({
      start: this.field(row, "start").value,
      end: this.field(row, "end").value,
      text: this.field(row, "text").value,
    }));
  }

  get cues() {
    return this.all.map((row) => this.cue(row));
  }

  tidy(input) {
    const value = seconds(input.value);
    if (!Number.isNaN(value)) input.value = moment(value);
  }

  insert(cue) {
    const row = this.make(cue);
    const next = this.all.find((other) => this.cue(other).start > cue.start);
    this.list.insertBefore(row, next || null);
    grow([this.field(row, "text")]);
    return row;
  }

  // By their starts; rows without a time stay behind the one before them.
  sort() {
    let last = 0;
    const keyed = this.all.map((row, at) => {
      const { start } = this.cue(row);
      last = Number.isNaN(start) ? last : start;
      return [last, at, row];
    });
    keyed.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    if (keyed.some(([, at], place) => at !== place)) for (const [, , row] of keyed) this.list.append(row);
  }

  at(time) {
    return this.all.find((row) => {
      const { start, end } = this.cue(row);
      return start <= time && time < end;
    });
  }

  // Marks every row; how many of them the server would refuse.
  check(duration) {
    let wrong = 0;
    let before = null;
    let above = null;
    for (const row of this.all) {
      const cue = this.cue(row);
      const [told, isWrong] = this.judge(cue, before, duration);
      this.tell(row, told, isWrong);
      // Offered where something is left of the cue before.
      row.querySelector("[data-part]").hidden = told !== this.words.overlap || before !== above || !(cue.start - before.start > LEAST);
      if (isWrong) wrong += 1;
      above = cue;
      if (!Number.isNaN(cue.end)) before = cue;
    }
    return wrong;
  }

  judge(cue, before, duration) {
    const { words } = this;
    const letters = plain(cue.text).replace(/\s+/g, " ").trim().length;
    const length = cue.end - cue.start;
    if (Number.isNaN(length)) return [words.bad_time, true];
    if (length <= 0) return [words.swapped, true];
    if (duration && cue.end > duration + TOLERANCE) return [words.after_end, true];
    if (!letters) return [words.empty, true];
    if (before && cue.start < before.end) return [words.overlap, false];
    if (length < SHORT) return [words.short, false];
    if (letters / length > FAST) return [words.fast.replace("{n}", Math.round(letters / length)), false];
    if (letters > LONG) return [words.long, false];
    return ["", false];
  }

  tell(row, told, isWrong) {
    const place = row.querySelector("[data-told]");
    if (place.textContent !== told) place.textContent = told;
    place.hidden = !told;
    row.classList.toggle("wrong", isWrong);
    row.classList.toggle("doubtful", Boolean(told) && !isWrong);
  }
}
