// Sends one file over tus. Never says "failed" without a way on: the server knows how much it has.
import * as tus from "tus-js-client";

const KIB = 1024;
const FIRST_PART = 256 * KIB;
const SMALLEST_PART = 64 * KIB;
const LARGEST_PART = 8 * 1024 * KIB;
const QUICK = 2000; // ms for a part: below, the next is larger; above SLOW, smaller
const SLOW = 8000;
const DELAYS = [500, 1500, 3000, 5000, 10000, 15000, 20000, 30000];
// Final whatever one does: everything else may pass.
const FINAL = [400, 401, 403, 404, 410, 413, 415, 422, 507];

export const supported = tus.isSupported;

// `on` has progress(sent, total), state("sending" | "waiting" | "paused" | "stuck", code) and done().
export class Sender {
  constructor({ file, endpoint, clip, csrf, on }) {
    this.file = file;
    this.on = on;
    this.sent = 0;
    this.began = 0;
    this.running = false;
    this.upload = new tus.Upload(file, {
      endpoint,
      chunkSize: FIRST_PART,
      retryDelays: DELAYS,
      removeFingerprintOnSuccess: true,
      headers: { "X-CSRFToken": csrf },
      metadata: { filename: file.name, clip },
      // The same file for the same clip goes on where it stopped, also another day.
      fingerprint: async (chosen) =>
        ["lantoa", clip, chosen.name, chosen.size, chosen.lastModified].join("-"),
      onBeforeRequest: () => void (this.began = performance.now()),
      onProgress: (sent, total) => this.progress(sent, total),
      onChunkComplete: (size) => this.adapt(size),
      onShouldRetry: (error) => this.mayRetry(error),
      onError: (error) => this.stuck(error),
      onSuccess: () => this.finished(),
    });
    window.addEventListener("online", () => this.running || this.paused || this.go());
    window.addEventListener("offline", () => this.running && this.on.state("waiting", "offline"));
  }

  async go() {
    this.paused = false;
    this.running = true;
    this.on.state("sending");
    const [known] = await this.upload.findPreviousUploads();
    if (known && !this.upload.url) this.upload.resumeFromPreviousUpload(known);
    this.upload.start();
  }

  async pause() {
    this.paused = true;
    this.running = false;
    await this.upload.abort();
    this.on.state("paused");
  }

  progress(sent, total) {
    this.sent = sent;
    this.on.state("sending");
    this.on.progress(sent, total);
  }

  adapt(size) {
    const took = performance.now() - this.began;
    const options = this.upload.options;
    if (took < QUICK) options.chunkSize = Math.min(Math.max(size, SMALLEST_PART) * 2, LARGEST_PART);
    else if (took > SLOW) options.chunkSize = Math.max(Math.floor(size / 2), SMALLEST_PART);
  }

  mayRetry(error) {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    if (FINAL.includes(status)) return false;
    this.upload.options.chunkSize = SMALLEST_PART * 2;
    this.on.state("waiting", navigator.onLine ? "retry" : "offline");
    return true;
  }

  stuck(error) {
    this.running = false;
    const response = error.originalResponse;
    if (!response) return this.on.state("stuck", navigator.onLine ? "server" : "offline");
    let words = null;
    try {
      words = JSON.parse(response.getBody()).title;
    } catch {
      words = null;
    }
    return this.on.state("stuck", "refused", words);
  }

  finished() {
    this.running = false;
    this.on.done();
  }
}
