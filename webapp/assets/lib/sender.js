// Sends one file over tus. The server alone knows how much it has: after every trouble it is asked
// before anything is said, and what it has is never sent again.
import * as tus from "tus-js-client";
import { Pace } from "./upload/pace.js";

const KIB = 1024;
const FIRST_PART = 256 * KIB;
const SMALLEST_PART = 64 * KIB;
const LARGEST_PART = 8 * 1024 * KIB;
// Seconds for a part: long enough that the answer's way there and back hardly counts, short enough
// that a proxy which hands on whole parts loses little.
const PART_SECONDS = 8;
const DELAYS = [300, 1000, 2000, 4000, 8000, 15000, 30000]; // ms; then the last again and again
const FULL_DELAY = 60000;
const SILENCE = 45000; // ms without a byte: the connection is dead (as the server's)
const PATIENT = [408, 409, 423, 425, 429, 460, 502, 503, 504, 507]; // these pass
const REFUSALS = 4; // times that the same part may be refused before we believe it

export const supported = tus.isSupported;

// `on` has progress({sent, total, used, pace}), state(name, words), url(url) and done().
// States: "sending", "retry", "offline", "full", "again" (the server has lost it), "refused", "out".
export class Sender {
  constructor({ file, endpoint, url = null, sent = 0, used = 0, metadata, session, on }) {
    Object.assign(this, { file, endpoint, url, used, metadata, session, on });
    this.part = FIRST_PART;
    this.pace = new Pace();
    this.last = null; // offset within this try; null at its start
    this.reached = sent; // the most that was ever handed to the network
    this.tries = 0;
    this.refused = 0;
    this.running = false;
    this.wake = () => this.running && this.timer && navigator.onLine !== false && this.begin();
    this.lost = () => this.running && navigator.onLine === false && this.wait("offline");
  }

  go() {
    if (this.running) return;
    this.running = true;
    this.tries = 0;
    window.addEventListener("online", this.wake);
    window.addEventListener("offline", this.lost);
    document.addEventListener("visibilitychange", this.wake);
    this.watch = setInterval(() => this.lookAlive(), 5000);
    this.begin();
  }

  stop() {
    this.running = false;
    this.abort();
    clearTimeout(this.timer);
    clearInterval(this.watch);
    window.removeEventListener("online", this.wake);
    window.removeEventListener("offline", this.lost);
    document.removeEventListener("visibilitychange", this.wake);
    this.pace.rest();
  }

  abort() {
    if (this.upload) this.upload.abort();
    this.upload = null;
  }

  begin() {
    this.abort();
    clearTimeout(this.timer);
    this.timer = null;
    this.last = null;
    this.alive = performance.now();
    if (navigator.onLine === false) return this.wait("offline");
    this.on.state("sending");
    const mine = new tus.Upload(this.file, this.options(() => mine === this.upload));
    this.upload = mine;
    return mine.start();
  }

  // Without an endpoint the library never begins anew on its own.
  options(isCurrent) {
    const guarded = (work) => (...values) => isCurrent() && work(...values);
    return {
      endpoint: this.url ? null : this.endpoint,
      uploadUrl: this.url,
      chunkSize: this.part,
      retryDelays: null,
      storeFingerprintForResuming: false,
      metadata: this.metadata,
      onBeforeRequest: (request) => {
        request.setHeader("X-CSRFToken", this.session.csrf);
        this.began = performance.now();
      },
      onUploadUrlAvailable: guarded(() => this.known(this.upload.url)),
      onProgress: guarded((sent, total) => this.progress(sent, total)),
      onChunkComplete: guarded((size) => this.adapt(size)),
      onError: guarded((error) => this.trouble(error)),
      onSuccess: guarded(() => this.finished()),
    };
  }

  known(url) {
    if (this.url === url) return;
    this.url = url;
    this.upload.options.endpoint = null;
    this.on.url(url);
  }

  progress(sent, total) {
    this.alive = performance.now();
    // At the start of a try: what the server has and nobody counted, as the page was closed then.
    const before = this.last === null ? this.reached : this.last;
    this.used += Math.max(0, sent - before);
    this.last = sent;
    this.reached = Math.max(this.reached, sent);
    this.pace.add(sent);
    this.on.progress({ sent, total, used: this.used, pace: this.pace });
  }

  adapt(size) {
    const seconds = Math.max(0.001, (performance.now() - this.began) / 1000);
    const wanted = (size / seconds) * PART_SECONDS;
    this.part = Math.min(LARGEST_PART, this.part * 2, Math.max(SMALLEST_PART, wanted));
    this.upload.options.chunkSize = Math.round(this.part);
    this.tries = 0;
    this.refused = 0;
  }

  lookAlive() {
    if (this.upload && performance.now() - this.alive > SILENCE) this.wait("retry");
  }

  // Of a part: the server is asked for its offset, whatever the answer was. Of the question itself
  // or of the announcement: its answer counts.
  trouble(error) {
    const { status, method, told } = read(error);
    if (!status || status >= 500 || PATIENT.includes(status)) {
      if (status === 507) return this.wait("full", told, FULL_DELAY);
      return this.wait(navigator.onLine === false ? "offline" : "retry", null, after(error));
    }
    if (status === 401) return this.end("out");
    if (told.code === "csrf" && this.tries < 3) return this.renew();
    if (method === "HEAD") return this.anew(status);
    this.refused += 1;
    if (method === "PATCH" && this.refused < REFUSALS) return this.wait("retry");
    return this.end("refused", told.title);
  }

  async renew() {
    try {
      await this.session.refresh();
    } catch {
      // The next try tells.
    }
    return this.running && this.wait("retry");
  }

  // The server knows this upload no more: it expired, or was removed.
  anew(status) {
    if (status !== 404 && status !== 410) return this.wait("retry");
    this.url = null;
    this.on.url(null);
    return this.wait("again");
  }

  wait(state, told = null, delay = DELAYS[Math.min(this.tries, DELAYS.length - 1)]) {
    if (this.upload) this.part = Math.max(SMALLEST_PART, this.part / 2);
    this.abort();
    this.tries += 1;
    this.pace.rest();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.running && this.begin(), delay);
    this.on.state(state, told && told.title);
  }

  end(state, words) {
    this.stop();
    this.on.state(state, words);
  }

  finished() {
    this.stop();
    this.on.done();
  }
}

function read(error) {
  const response = error.originalResponse;
  const request = error.originalRequest;
  let told = {};
  try {
    told = JSON.parse(response.getBody()) || {};
  } catch {
    // No words of ours.
  }
  return { status: response ? response.getStatus() : 0, method: request ? request.getMethod() : "", told };
}

function after(error) {
  const seconds = error.originalResponse ? Number(error.originalResponse.getHeader("Retry-After")) : 0;
  return seconds > 0 ? Math.min(seconds * 1000, FULL_DELAY) : undefined;
}
