// A look at the file before a byte is sent: what would be refused later is told now, with what to do.
import { read } from "./container.js";
import { clock, say, size } from "./words.js";

const SMALLEST = 64; // pixels; these three as the server's examination
const LARGEST = 4096 + 128;
const SHORTEST = 1; // seconds
const PATIENCE = 4000; // ms for the browser to tell what it can of the clip

// {facts, wrong, warnings}: `wrong` is one sentence, or null for a file that may be sent.
export async function look(file, video, limits) {
  const none = { facts: {}, warnings: [], playable: false };
  if (!file.size) return { ...none, wrong: say("empty") };
  let found;
  try {
    found = await read(file);
  } catch {
    return { ...none, wrong: say("unreadable") };
  }
  if (!found.kind) return { ...none, wrong: say(kindOf(file)) };
  const played = found.video === false ? null : await play(file, video);
  const facts = { ...found, ...played };
  return { facts, playable: Boolean(played), wrong: judge(file, facts, limits), warnings: warn(facts, played) };
}

const kindOf = (file) =>
  ({ image: "kind_picture", audio: "kind_sound" })[(file.type || "").split("/")[0]] || "kind";

function judge(file, facts, { maxBytes, maxSeconds, bytesLeft }) {
  if (facts.video === false) return say("kind_sound");
  if (file.size > maxBytes) return say("large", { size: size(file.size), most: size(maxBytes) });
  if (facts.duration > maxSeconds) return say("long", { length: clock(facts.duration), most: clock(maxSeconds) });
  if (facts.duration < SHORTEST) return say("short");
  if (facts.width && Math.min(facts.width, facts.height) < SMALLEST) return say("tiny");
  if (facts.width && Math.max(facts.width, facts.height) > LARGEST) return say("huge");
  if (file.size > bytesLeft) return say("room_less", { size: size(file.size), left: size(bytesLeft) });
  return null;
}

function warn(facts, played) {
  const told = [];
  if (facts.audio === false) told.push(say("silent"));
  if (!played) told.push(say("no_preview"));
  return told;
}

// What the browser's own player tells; null when it can not play the clip (the server may).
function play(file, video) {
  if (video.src) URL.revokeObjectURL(video.src);
  return new Promise((resolve) => {
    const end = (facts) => {
      clearTimeout(patience);
      video.onloadedmetadata = null;
      video.onerror = null;
      resolve(facts);
    };
    const patience = setTimeout(end, PATIENCE, null);
    video.onloadedmetadata = () => {
      const { duration, videoWidth: width, videoHeight: height } = video;
      if (!width) return end(null);
      video.currentTime = Math.min(0.5, (duration || 0) / 2); // else a phone shows black
      return end(Number.isFinite(duration) ? { duration, width, height } : { width, height });
    };
    video.onerror = () => end(null);
    video.src = URL.createObjectURL(file);
  });
}
