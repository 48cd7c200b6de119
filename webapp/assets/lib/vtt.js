// Cues as the editor holds them: {start, end, text}, seconds and plain words with <b>, <i>, <u>.
import { seconds } from "./moments.js";

const ARROW = " --> ";
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

const pad = (value, length = 2) => String(value).padStart(length, "0");

// mm:ss.mmm, with hours only where there are any.
function clock(time) {
  const milli = Math.max(0, Math.round(time * 1000));
  const whole = Math.floor(milli / 1000);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = `${pad(whole % 60)}.${pad(milli % 1000, 3)}`;
  return `${hours ? `${pad(hours)}:` : ""}${pad(minutes)}:${tail}`;
}

// The text of one cue as WebVTT writes it: known tags stay, everything else is escaped.
export function payload(text) {
  const parts = text.split(/(<\/?[biu]>)/i).map((part, at) =>
    at % 2 ? part.toLowerCase() : part.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"),
  );
  return parts.join("").split("\n").map((line) => line.trim()).filter(Boolean).join("\n");
}

export function write(cues) {
  const blocks = cues.map((cue) => `${clock(cue.start)}${ARROW}${clock(cue.end)}\n${payload(cue.text)}\n`);
  return ["WEBVTT\n", ...blocks].join("\n");
}

// Reads what the server wrote (one form only); what a person typed by hand goes to the server.
export function read(text) {
  const cues = [];
  for (const block of text.replace(/\r\n?/g, "\n").split(/\n\n+/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.includes("-->"));
    if (at < 0) continue;
    const [start, end] = lines[at].split("-->").map(seconds);
    const words = lines.slice(at + 1).join("\n").replace(/&(?:lt|gt|amp);/g, (name) => ENTITIES[name]);
    cues.push({ start, end, text: words.trim() });
  }
  return cues;
}

// Which line of `write(cues)` (from 1) has the times of each cue.
export function linesOf(cues) {
  let line = 3;
  return cues.map((cue) => {
    const mine = line;
    line += 2 + payload(cue.text).split("\n").length;
    return mine;
  });
}
