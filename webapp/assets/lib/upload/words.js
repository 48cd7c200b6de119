// The page's sentences and figures, in the page's language.
const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;

// The sentence of this name with its {values}; "" for a name that there is none for.
export const say = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name] || "");

const number = (value, digits) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const megabytes = (bytes) => number(bytes / 1048576, bytes < 99.95 * 1048576 ? 1 : 0);
export const size = (bytes) =>
  bytes < 1023.5 * 1048576 ? `${megabytes(bytes)} MB` : `${number(bytes / 1073741824, 1)} GB`;
export const clock = (seconds) =>
  `${Math.floor(Math.round(seconds) / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;

// "10:05" today, else "10:05, 24/11".
export function when(time) {
  const then = new Date(time);
  const hour = then.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === new Date().toDateString()) return hour;
  return `${hour}, ${then.toLocaleDateString(language, { day: "2-digit", month: "2-digit" })}`;
}

export function left(seconds) {
  return seconds < 60 ? say("seconds", { n: Math.max(1, Math.ceil(seconds)) }) : say("minutes", { n: Math.ceil(seconds / 60) });
}
