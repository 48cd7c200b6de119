// Moments of a clip as people read and type them: 0:02,5 in Vietnamese, 0:02.5 in English.
const TIME = /^\s*(?:(\d+):)?(?:(\d+):)?(\d+)(?:[.,](\d{1,3}))?\s*$/;
const MARK = document.documentElement.lang === "vi" ? "," : ".";

const pad = (value, length = 2) => String(value).padStart(length, "0");

// m:ss,f with hours only where there are any: one digit of a second at least, `most` of them at most.
export function moment(seconds, most = 3) {
  const step = 10 ** most;
  const parts = Math.max(0, Math.round(seconds * step));
  const whole = Math.floor(parts / step);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const digits = pad(parts % step, most).replace(/(\d)0+$/, "$1");
  return `${hours ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}${MARK}${digits}`;
}

// Seconds of "1:02,5", "62.5" or "0:01:02.500"; NaN where it is no time.
export function seconds(text) {
  const found = TIME.exec(text);
  if (!found) return NaN;
  const [, first, second, last, fraction = ""] = found;
  const parts = [first, second].filter((part) => part !== undefined).map(Number);
  const minutes = parts.reduce((sum, part) => sum * 60 + part, 0);
  return (minutes * 60 + Number(last)) + Number(fraction.padEnd(3, "0")) / 1000;
}
