// How fast it goes just now.
const WINDOW = 20000; // ms

export class Pace {
  constructor() {
    this.samples = [];
  }

  // After a pause the time between does not count.
  rest() {
    this.samples = [];
  }

  add(bytes, now = performance.now()) {
    this.samples.push([now, bytes]);
    while (now - this.samples[0][0] > WINDOW) this.samples.shift();
  }

  // Bytes a second over the last seconds; NaN while that is too early to say.
  get speed() {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    if (!first || last[0] - first[0] < 1500) return NaN;
    return ((last[1] - first[1]) * 1000) / (last[0] - first[0]);
  }
}
