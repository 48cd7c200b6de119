// The desk: what was played is measured, notes are tied to a time, and the keyboard does it all.
import { drawBar, followCues, jumpButton, marksOf, moveHeads, seekByLanes } from "./lib/desk/bar.js";
import { holdClaim } from "./lib/desk/claim.js";
import { Confirm } from "./lib/desk/confirm.js";
import { Drafts } from "./lib/desk/drafts.js";
import { Notes } from "./lib/desk/notes.js";
import { Played } from "./lib/desk/played.js";
import { Transport } from "./lib/desk/transport.js";
import { clock } from "./lib/tiles.js";

const desk = document.querySelector("[data-desk]");
const video = desk.querySelector("video");
const form = desk.querySelector("form[data-decide]");
const words = JSON.parse(document.getElementById("words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const approve = form.querySelector('button[value="approve"]');
const keysBox = document.querySelector("[data-keys]");
const PART_S = 0.05; // seconds: nearer than that is "here"
const MOST_MISSING = 6; // jumps to what was not played: more nobody reads

let ready = false; // until all parts are there nothing is drawn

// --- what was played ---------------------------------------------------------------------------

// The box is for who has no script; the server is told that this one measures.
const box = form.querySelector('input[name="watched"]');
box.checked = false;
box.closest("label").hidden = true;
const measured = document.createElement("input");
Object.assign(measured, { type: "hidden", name: "measured", value: "y" });
form.append(measured);

const played = new Played(video, {
  url: desk.dataset.coverageUrl,
  csrf,
  sha256: desk.dataset.sha256,
  spans: JSON.parse(desk.dataset.played),
  onChange: () => ready && showPlayed(),
});

function showPlayed() {
  const text = desk.querySelector("[data-coverage-text]");
  text.textContent = played.whole ? words.watched : words.share.replace("{n}", String(Math.floor(100 * played.share)));
  if (approve) {
    approve.setAttribute("aria-disabled", String(!played.whole));
    approve.title = played.whole ? "" : words.unwatched;
  }
  if (played.whole && !confirming.isOpen) confirming.tell("");
  const told = desk.querySelector("[data-coverage-told]");
  told.hidden = !played.trouble;
  told.textContent = played.trouble ? words[played.trouble] : "";
  showMissing();
  draw();
}

function showMissing() {
  const missing = played.whole || !video.duration ? [] : played.missing;
  const begun = played.spans.length > 0;
  const line = desk.querySelector("[data-unplayed]");
  line.hidden = !begun || !missing.length;
  const texts = missing.map(([a, b]) => `${clock(a, video.duration)}–${clock(b, video.duration)}`);
  const list = line.querySelector("[data-unplayed-list]");
  if (list.dataset.shown === texts.join()) return;
  list.dataset.shown = texts.join();
  list.replaceChildren(...missing.slice(0, MOST_MISSING).map(([start], number) => jumpButton(start, texts[number])));
}

// --- the form ----------------------------------------------------------------------------------

const notes = new Notes(desk, video, () => {
  if (!ready) return;
  draw();
  confirming.refresh();
});
const worry = form.querySelector("[data-escalate] textarea");
const NEEDS_REASON = ["request_changes", "reject"];

function answersOf(value) {
  return [...form.querySelectorAll(`[data-checklist] input[value="${value}"]:checked`)].map((field) =>
    field.closest("fieldset").querySelector("legend").textContent.trim(),
  );
}

const confirming = new Confirm(form, words, {
  facts(action) {
    const lines = action === "approve" ? [words.watched] : [];
    if (action === "escalate") lines.push(form.querySelector("[data-escalate-says]").textContent.trim());
    if (notes.written.length) lines.push(words.notes.replace("{n}", String(notes.written.length)));
    for (const value of ["no", "unsure"]) {
      const items = answersOf(value);
      if (items.length) lines.push(words[value].replace("{items}", items.join("; ")));
    }
    return lines;
  },
  refuse(action) {
    if (action === "approve" && !played.whole) return words.unwatched;
    return NEEDS_REASON.includes(action) && !notes.written.length ? words.reason : "";
  },
  // Where something is still to be written.
  focusFor(action) {
    if (action === "escalate" && !worry.value.trim()) return worry;
    if (!NEEDS_REASON.includes(action) || notes.written.length) return null;
    const dated = notes.rows.find((row) => Number.isFinite(notes.timeOf(row)));
    return (dated || notes.blank()).querySelector("select");
  },
});

// What the worry is comes first: who types it confirms nothing.
function escalate() {
  confirming.open("escalate");
  if (worry) worry.focus();
}

const drafts = new Drafts(form, { clip: desk.dataset.clip, revision: desk.dataset.revision, addRow: () => notes.blank() });
form.addEventListener("desk:sent", () => drafts.save(true));
form.addEventListener("change", () => confirming.refresh());

// 1 to 9: the next answer to that item, and after the last one none.
function answer(number) {
  const fields = [...form.querySelectorAll(`[data-checklist] > li:nth-child(${number}) input`)];
  if (!fields.length) return;
  const at = fields.findIndex((field) => field.checked);
  for (const field of fields) field.checked = false;
  if (at + 1 < fields.length) fields[at + 1].checked = true;
  const item = fields[0].closest("li");
  item.scrollIntoView({ block: "nearest" });
  fields[0].dispatchEvent(new Event("change", { bubbles: true }));
}

// --- the player --------------------------------------------------------------------------------

const transport = new Transport(video, { rate: parseFloat(desk.dataset.rate), onChange: () => ready && showTransport() });

function showTransport() {
  desk.querySelector("[data-speed]").textContent = transport.speedText;
  const at = (seconds) => clock(seconds, video.duration);
  const { from, to, looping } = transport;
  let text = "";
  const both = looping ? words.loop : words.span;
  if (from !== null && to !== null) text = both.replace("{from}", at(from)).replace("{to}", at(to));
  else if (from !== null) text = words.from.replace("{from}", at(from));
  desk.querySelector("[data-loop-text]").textContent = text;
  desk.querySelector('[data-act="loop"]').setAttribute("aria-pressed", String(looping));
  draw();
}

function draw() {
  const { from, to } = transport;
  const length = video.duration;
  const bar = desk.querySelector("[data-coverage] canvas");
  const loop = from === null ? null : [from, to === null ? from : to];
  drawBar(bar, {
    length,
    now: video.currentTime,
    spans: played.whole ? [[0, length]] : played.spans,
    notes: notes.times,
    loop,
  });
  moveHeads(desk, video.currentTime, length);
  followCues(desk, video.currentTime);
}

seekByLanes(desk, video);
for (const kind of ["timeupdate", "seeking", "loadedmetadata"]) video.addEventListener(kind, draw);
window.addEventListener("resize", draw);
video.addEventListener("ratechange", showTransport);
document.body.addEventListener("htmx:afterSwap", draw);

function toMark(step) {
  const marks = marksOf(desk, notes.times);
  const now = video.currentTime;
  const after = step > 0 ? marks.find((at) => at > now + PART_S) : marks.reverse().find((at) => at < now - PART_S);
  if (after !== undefined) transport.go(after);
}

function toUnplayed() {
  const [first] = played.missing;
  if (!first) return;
  transport.go(first[0]);
  video.play().catch(() => {});
}

// The editor that hides opens at this moment, or with the marked span.
function toRedact() {
  const link = desk.querySelector("[data-redact-link]");
  if (!link) return;
  const url = new URL(link.href);
  const { from, to } = transport;
  const start = from === null ? video.currentTime : from;
  url.searchParams.set("edit", "1");
  url.searchParams.set("at", start.toFixed(2));
  url.searchParams.set("until", Math.min(video.duration || 0, to === null ? start + 2 : to).toFixed(2));
  url.searchParams.set("box", "1");
  location.assign(url);
}

const redactLink = desk.querySelector("[data-redact-link]");
if (redactLink) {
  redactLink.addEventListener("click", () => {
    const url = new URL(redactLink.href);
    url.searchParams.set("at", video.currentTime.toFixed(2));
    redactLink.href = url;
  });
}

// --- the keys ----------------------------------------------------------------------------------

function showKeys() {
  if (keysBox.open) return keysBox.close();
  if (keysBox.showModal) keysBox.showModal();
  else keysBox.setAttribute("open", "");
}

const ACTS = {
  unplayed: toUnplayed,
  in: () => transport.mark("from"),
  out: () => transport.mark("to"),
  loop: () => transport.loop(),
  note: () => notes.here(),
  keys: showKeys,
};
const KEYS = {
  ...transport.keys,
  i: ACTS.in,
  o: ACTS.out,
  p: ACTS.loop,
  u: ACTS.unplayed,
  "[": () => toMark(-1),
  "]": () => toMark(1),
  m: () => void (video.muted = !video.muted),
  g: ACTS.note,
  b: toRedact,
  v: () => press("[data-compare-link]"),
  a: () => confirming.open("approve"),
  c: () => confirming.open("request_changes"),
  r: () => confirming.open("reject"),
  e: escalate,
  n: () => press("[data-next]"),
  "?": showKeys,
  Escape: () => confirming.close(),
};

function press(selector) {
  const found = desk.querySelector(selector);
  if (found) found.click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || (keysBox.open && event.key !== "?")) return;
  if (event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if ([" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary, input")) return;
  if (event.key.startsWith("Arrow") && (event.target === video || event.target.matches("input"))) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = /^[1-9]$/.test(key) ? () => answer(Number(key)) : KEYS[key];
  if (!act) return;
  event.preventDefault();
  act();
});

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) ACTS[button.dataset.act]();
});
desk.querySelector("[data-tools]").hidden = false;

// --- a look-alike's scene: ours here, theirs in its own player, both in sight ------------------

desk.addEventListener("click", (event) => {
  const jump = event.target.closest("[data-jump-to]");
  if (!jump) return;
  video.currentTime = parseFloat(jump.dataset.jumpTo);
  const compare = jump.closest(".alike").querySelector("[data-compare]");
  if (!compare || !jump.dataset.theirs) return void video.scrollIntoView({ block: "nearest", behavior: "smooth" });
  for (const other of desk.querySelectorAll("[data-compare][open]")) other.open = other === compare;
  compare.open = true;
  const theirs = compare.querySelector("video");
  theirs.preload = "auto"; // until now it cost nothing
  theirs.currentTime = parseFloat(jump.dataset.theirs);
  beside();
  theirs.scrollIntoView({ block: "end", behavior: "smooth" });
});

// While two clips are compared ours stays in sight, and both are small enough for one screen.
function beside() {
  const isOpen = desk.querySelector("[data-compare][open]") !== null;
  desk.querySelector("[data-ours]").classList.toggle("comparing", isOpen);
}
// Where all stands in one column the way to the decision is short.
const alikes = desk.querySelector("[data-alikes]");
if (alikes) {
  const isNarrow = matchMedia("(max-width: 939px)");
  const fold = () => void (alikes.open = !isNarrow.matches);
  isNarrow.addEventListener("change", fold);
  fold();
}
for (const compare of desk.querySelectorAll("[data-compare]")) compare.addEventListener("toggle", beside);

holdClaim(desk.dataset, csrf, () => void (desk.querySelector("[data-lost]").hidden = false));
ready = true;
showPlayed();
showTransport();
