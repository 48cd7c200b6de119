// Speed, steps and a loop of one player: of the desk, and of the comparison.
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const KEPT = "desk-speed";

export class Transport {
  constructor(video, { rate, onChange = () => {} }) {
    this.video = video;
    this.frame = 1 / (rate || 30);
    this.onChange = onChange;
    this.from = null;
    this.to = null;
    this.looping = false;
    video.addEventListener("timeupdate", () => this.around());
    video.addEventListener("ended", () => this.around());
    const kept = parseFloat(localStorage.getItem(KEPT));
    if (SPEEDS.includes(kept)) this.setSpeed(kept);
  }

  // What the keyboard does on every page of the desk.
  get keys() {
    return {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      l: () => this.faster(),
      j: () => this.leap(-5),
      ArrowLeft: () => this.leap(-2),
      ArrowRight: () => this.leap(2),
      ",": () => this.step(-1),
      ".": () => this.step(1),
      "-": () => this.speed(-1),
      "+": () => this.speed(1),
      "=": () => this.speed(1),
    };
  }

  get speedText() {
    return `${this.video.playbackRate.toLocaleString(document.documentElement.lang)}×`;
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  faster() {
    if (this.video.paused) this.toggle();
    else this.speed(1);
  }

  speed(step) {
    const at = SPEEDS.indexOf(this.video.playbackRate);
    this.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? 2 : at) + step))]);
    localStorage.setItem(KEPT, String(this.video.playbackRate));
  }

  setSpeed(value) {
    this.video.playbackRate = value;
    this.video.defaultPlaybackRate = value;
    this.onChange();
  }

  go(time) {
    this.video.currentTime = Math.min(this.video.duration || 0, Math.max(0, time));
  }

  leap(seconds) {
    this.go(this.video.currentTime + seconds);
  }

  step(count) {
    this.video.pause();
    this.leap(count * this.frame);
  }

  mark(which) {
    this[which] = this.video.currentTime;
    if (this.from !== null && this.to !== null && this.to <= this.from) {
      this[which === "from" ? "to" : "from"] = null;
    }
    this.looping = this.looping && this.from !== null && this.to !== null;
    this.onChange();
  }

  // Without marks the whole clip goes round; pressed again, the marks go.
  loop() {
    this.looping = !this.looping;
    if (!this.looping) this.from = this.to = null;
    else if (this.from !== null && this.to === null) this.to = this.video.duration || null;
    else if (this.to !== null && this.from === null) this.from = 0;
    else if (this.from === null) [this.from, this.to] = [0, this.video.duration || 0];
    if (this.looping && (this.video.currentTime < this.from || this.video.currentTime > this.to)) this.go(this.from);
    this.onChange();
  }

  around() {
    if (!this.looping || this.from === null || this.video.paused === true && !this.video.ended) return;
    if (this.video.currentTime < this.to && !this.video.ended) return;
    this.go(this.from);
    this.video.play().catch(() => {});
  }
}
