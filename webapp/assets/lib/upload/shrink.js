// Offers to make a large clip smaller in this browser. The work is done by a worker that is only
// fetched for it; whoever's browser can not encode is offered nothing and sends as it is.
import { megabytes, say } from "./words.js";

const WORTH = 0.6; // of the size: less of a saving is not worth a pupil's battery
const FROM = 8 * 1024 * 1024; // bytes
const SIDE = 720; // pixels, the short one
const VIDEO_RATE = 1_800_000; // bits a second: what the 720p rung of phones needs, and some more
const SOUND_RATE = 128_000;
const SLACK = 1.08; // index, and a rate that is not kept to the bit

export const canShrink = () => "VideoEncoder" in window && "VideoDecoder" in window && "Worker" in window;

// What it would come to: {bytes, saved}, or null where it is not worth it.
export function estimate(file, facts) {
  if (!facts.duration || !facts.width || file.size < FROM) return null;
  const pixels = Math.min(1, (SIDE / Math.min(facts.width, facts.height)) ** 2);
  const rate = VIDEO_RATE * (pixels < 1 ? 1 : (facts.width * facts.height) / (1280 * 720)) + SOUND_RATE;
  const bytes = Math.ceil((facts.duration * Math.min(rate, VIDEO_RATE + SOUND_RATE) * SLACK) / 8);
  return bytes < file.size * WORTH ? { bytes, saved: file.size - bytes } : null;
}

export const offer = ({ bytes, saved }) => say("shrink", { size: megabytes(bytes), saved: megabytes(saved) });

export class Shrinking {
  constructor(url, file, onProgress) {
    this.worker = new Worker(url);
    this.result = new Promise((resolve, reject) => {
      this.reject = reject;
      this.worker.onmessage = ({ data }) => {
        if (data.progress !== undefined) onProgress(data.progress);
        if (data.wrong) reject(new Error(data.wrong));
        if (data.file) resolve(renamed(data.file, file));
      };
      this.worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    });
    this.result.catch(() => {}).then(() => this.worker.terminate());
    this.worker.postMessage({ file, side: SIDE, rate: VIDEO_RATE });
  }

  cancel() {
    this.worker.terminate();
    this.reject(new Error("cancelled"));
  }
}

const renamed = (blob, file) =>
  new File([blob], `${file.name.replace(/\.[^.]*$/, "")}.mp4`, { type: "video/mp4", lastModified: file.lastModified });
