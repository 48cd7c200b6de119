// Two revisions in step: the new one leads, the old one follows at its offset. What is played of the
// new one counts as watched, as at the desk.
import { drawBar, jumpButton, moveHeads, seekByLanes } from "./lib/desk/bar.js";
import { Changes } from "./lib/desk/changes.js";
import { holdClaim } from "./lib/desk/claim.js";
import { Played } from "./lib/desk/played.js";
import { Transport } from "./lib/desk/transport.js";
import { Scrub } from "./lib/scrub.js";
import { clock, Tiles } from "./lib/tiles.js";

const DRIFT = 0.12; // seconds: more is seen; less is not worth a stutter
const page = document.querySelector("[data-pair]");
const lead = page.querySelector("video[data-new]");
const old = page.querySelector("video[data-old]");
const field = page.querySelector("#offset");
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const bar = page.querySelector("[data-scrub]");
let ready = false; // until all parts are there nothing is drawn

const offset = () => parseFloat(field.value.replace(",", ".").replace("−", "-")) || 0;
const wanted = () => Math.min(old.duration || 0, Math.max(0, lead.currentTime + offset()));
// Before its begin and after its end the old one stands still.
const isInside = () => lead.currentTime + offset() >= 0 && lead.currentTime + offset() < (old.duration || 0);

// The new one is over, and the old one has a rest: what was cut off at the end plays on alone.
const isRest = () => lead.ended && old.duration > lead.duration + offset() + DRIFT;

function follow(exactly) {
  if (isRest() && old.currentTime > wanted()) return;
  if (Math.abs(old.currentTime - wanted()) > (exactly ? 0.001 : DRIFT)) old.currentTime = wanted();
  if (lead.paused || !isInside()) old.pause();
  else if (old.paused) old.play().catch(() => {});
}

const played = new Played(lead, {
  url: page.dataset.coverageUrl,
  csrf,
  sha256: page.dataset.sha256,
  spans: JSON.parse(page.dataset.played),
  onChange: () => ready && draw(),
});
const transport = new Transport(lead, { rate: parseFloat(page.dataset.rate) });
const rest = new Transport(old, { rate: parseFloat(page.dataset.rate) });
const leading = () => (isRest() ? rest : transport);
const scrub = new Scrub(bar, lead);
page.classList.add("scripted");

function draw() {
  if (!bar.clientWidth) return;
  const shown = { length: lead.duration, now: lead.currentTime, spans: played.spans, notes: [], loop: null };
  drawBar(bar.querySelector("canvas"), shown);
  moveHeads(page, lead.currentTime, lead.duration);
}

function showOver() {
  const isShorter = lead.duration + offset() > old.duration + DRIFT;
  page.querySelector("[data-over-old]").hidden = !isShorter || lead.currentTime + offset() < old.duration;
  page.querySelector("[data-over-new]").hidden = !isRest();
}

old.controls = false;
let isGoing = false; // up to its end, and not led there by a press on the bar
lead.addEventListener("play", () => ((isGoing = true), follow(true)));
lead.addEventListener("pause", () => ((isGoing = isGoing && lead.ended), follow(true)));
lead.addEventListener("ended", () => {
  if (isGoing && isRest()) old.play().catch(() => {});
  isGoing = false;
});
// Back over the end of the new one, and both are in step again.
old.addEventListener("seeking", () => {
  if (lead.ended && old.currentTime < wanted() - DRIFT / 10) transport.go(old.currentTime - offset());
});
for (const kind of ["timeupdate", "seeked", "ended"]) {
  for (const video of [lead, old]) video.addEventListener(kind, showOver);
}
lead.addEventListener("seeked", () => follow(true));
lead.addEventListener("timeupdate", () => (follow(false), draw()));
lead.addEventListener("seeking", draw);
old.addEventListener("loadedmetadata", () => follow(true));
lead.addEventListener("ratechange", () => {
  old.playbackRate = lead.playbackRate;
  page.querySelector("[data-speed]").textContent = transport.speedText;
});
field.addEventListener("input", () => (follow(true), showChanges()));
window.addEventListener("resize", draw);
seekByLanes(page, lead);

// Where the picture has changed.
let changes = null;
const length = parseFloat(page.dataset.length) || 0;
const MOST_JUMPS = 12; // more buttons nobody reads

async function readTiles() {
  const [oldTiles, newTiles] = await Promise.all(
    [page.dataset.oldTiles, page.dataset.newTiles].map((url) => Tiles.load(url, 0)),
  );
  scrub.tiles = newTiles;
  changes = Changes.of(oldTiles, newTiles);
  showChanges();
}

function showChanges() {
  if (!changes || !length) return;
  const lane = page.querySelector("[data-changed]");
  const spans = changes.spans(offset(), length);
  lane.querySelector("svg").replaceChildren(...spans.map(([start, end]) => {
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const place = { x: start, y: 0, width: Math.max(end - start, length * 0.004), height: 1 };
    for (const [name, value] of Object.entries(place)) mark.setAttribute(name, String(value));
    return mark;
  }));
  lane.querySelector("[data-changed-list]").replaceChildren(...spans.slice(0, MOST_JUMPS).map(([start, end]) =>
    jumpButton(start, `${clock(start, length)}–${clock(end, length)}`),
  ));
  lane.querySelector("[data-unchanged]").hidden = spans.length > 0;
  lane.hidden = false;
}

// Which of the two is heard.
function sound(isOld) {
  old.muted = !isOld;
  lead.muted = isOld;
  page.querySelector("[data-sound-old]").hidden = !isOld;
  page.querySelector("[data-sound-new]").hidden = isOld;
}

const ACTS = {
  // Both at their end: from the beginning.
  toggle: () => (old.ended ? transport : leading()).toggle(),
  back: () => leading().step(-1),
  on: () => leading().step(1),
  sound: () => sound(old.muted),
};
const ALONE = ["j", "ArrowLeft", "ArrowRight", ",", "."];
const KEYS = {
  ...transport.keys,
  ...Object.fromEntries(ALONE.map((key) => [key, () => leading().keys[key]()])),
  " ": ACTS.toggle,
  k: ACTS.toggle,
  l: () => (isRest() && !old.paused ? transport.speed(1) : isRest() && !old.ended ? rest.toggle() : transport.faster()),
  s: ACTS.sound,
  d: () => page.querySelector("[data-back]").click(),
};

page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act], [data-to], [data-to-old]");
  if (!button) return;
  const { act, to, toOld } = button.dataset;
  if (act) ACTS[act]();
  else transport.go(to ? parseFloat(to) : parseFloat(toOld) - offset());
  // Also the part that the new one has not.
  if (toOld) old.currentTime = parseFloat(toOld);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (["Escape", "Enter"].includes(event.key)) event.target.blur();
    return;
  }
  if ([" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || (event.target === lead && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  act();
});

page.querySelector("[data-tools]").hidden = false;
holdClaim(page.dataset, csrf, () => void (page.querySelector("[data-lost]").hidden = false));
ready = true;
follow(true);
draw();
readTiles();
