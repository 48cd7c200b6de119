// What of the clip was played, measured and told to the server: what counts is what it has.
const SLACK = 0.35; // seconds: spans that lie closer together count as one
const GAP = 0.5; // seconds: what is missing and shorter is the player's rounding, as for the server
const EVERY = 4000; // ms between two reports
const PATIENCE = 8000; // ms until a report that failed is tried again

function joined(spans) {
  const found = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const before = found[found.length - 1];
    if (before && start <= before[1] + SLACK) before[1] = Math.max(before[1], end);
    else found.push([start, end]);
  }
  return found;
}

export class Played {
  // `spans`: what this person played before; `onChange` is called after every change.
  constructor(video, { url, csrf, sha256, spans, onChange }) {
    Object.assign(this, { video, url, csrf, sha256, onChange });
    this.spans = joined(spans);
    this.untold = [];
    this.whole = false; // as the server says
    this.trouble = ""; // "unsent" | "changed"
    this.last = null;
    this.at = 0;
    this.telling = false;
    video.addEventListener("timeupdate", () => this.look());
    video.addEventListener("seeking", () => void (this.last = null));
    for (const kind of ["play", "seeked"]) video.addEventListener(kind, () => this.start());
    video.addEventListener("ended", () => this.look(true));
    for (const kind of ["pause", "ended"]) video.addEventListener(kind, () => this.tell());
    video.addEventListener("loadedmetadata", () => this.ask());
    window.addEventListener("pagehide", () => this.tell(true));
    setInterval(() => this.untold.length && this.tell(), EVERY);
    if (video.readyState > 0) this.ask();
  }

  // What was played before may be the whole: only the server knows.
  ask() {
    if (this.spans.length && !this.whole) this.tell(false, true);
    this.onChange();
  }

  start() {
    this.last = this.video.currentTime;
    this.at = performance.now();
  }

  // Only what was played counts: a leap is announced by "seeking", and the picture can not have
  // moved on by more than the time that passed.
  look(ended = false) {
    const { video } = this;
    const now = ended ? video.duration : video.currentTime;
    const most = (SLACK + (performance.now() - this.at) / 1000) * video.playbackRate;
    if (this.last !== null && now > this.last && now - this.last <= most) this.add([this.last, now]);
    if (this.last !== null) this.start();
  }

  add(span) {
    this.untold = joined([...this.untold, span]);
    this.spans = joined([...this.spans, span]);
    if (!this.whole && !this.missing.length) this.tell();
    this.onChange();
  }

  get missing() {
    const length = this.video.duration || 0;
    const found = [];
    let reached = 0;
    for (const [start, end] of [...this.spans, [length, length]]) {
      if (start - reached > GAP) found.push([reached, start]);
      reached = Math.max(reached, end);
    }
    return found;
  }

  get share() {
    const length = this.video.duration;
    if (!length) return 0;
    return Math.max(0, 1 - this.missing.reduce((sum, [start, end]) => sum + end - start, 0) / length);
  }

  // `leaving`: the page goes, nobody reads the answer.
  async tell(leaving = false, all = false) {
    const length = this.video.duration;
    const spans = all ? this.spans : this.untold;
    if (!length || this.trouble === "changed" || (this.telling && !leaving) || (!spans.length && !all)) return;
    this.telling = true;
    this.untold = [];
    const answer = await fetch(this.url, {
      method: "POST",
      keepalive: leaving,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrf },
      body: JSON.stringify({ sha256: this.sha256, length, spans }),
    }).catch(() => null);
    this.telling = false;
    await this.hear(answer, spans);
  }

  async hear(answer, spans) {
    const before = this.trouble;
    if (answer && answer.ok) {
      const told = await answer.json();
      this.whole = told.whole;
      this.spans = joined([...told.spans, ...this.untold]);
      this.trouble = "";
      if (!this.whole && this.untold.length && !this.missing.length) this.tell();
    } else if (answer && [404, 409].includes(answer.status)) {
      this.trouble = "changed";
    } else {
      this.untold = joined([...spans, ...this.untold]);
      this.trouble = "unsent";
      if (before !== "unsent") setTimeout(() => this.tell(), PATIENCE);
    }
    this.onChange();
  }
}
