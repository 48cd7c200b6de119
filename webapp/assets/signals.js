// The desk's pictures of time: the bar's thumbnails, the contact sheet, and jumps to what machines
// noticed. The section may be replaced at any time by a fresher one.
import { Scrub } from "./lib/scrub.js";
import { clock, Tiles } from "./lib/tiles.js";

const FRAMES = 12;
const desk = document.querySelector("[data-desk]");
const video = desk.querySelector("video");
const bar = desk.querySelector("[data-scrub]");
const scrub = bar && video ? new Scrub(bar, video) : null;
desk.classList.add("scripted"); // what needs a script is shown from here on
let shown = { url: "", tiles: null };

async function dress() {
  const section = document.getElementById("signals");
  if (!section) return;
  const { scrubSrc: url, shift } = section.dataset;
  if (url && url !== shown.url) {
    const tiles = await Tiles.load(url, parseFloat(shift) || 0);
    if (tiles) shown = { url, tiles };
  }
  if (!shown.tiles) return;
  if (scrub) scrub.tiles = shown.tiles;
  const sheet = document.querySelector("#signals [data-sheet]");
  if (sheet) lay(sheet, shown.tiles);
}

// The contact sheet as buttons: each frame goes to its time.
function lay(sheet, tiles) {
  const length = parseFloat(sheet.closest("#signals").dataset.length) || Infinity;
  const { width, height } = tiles.list[0];
  sheet.className = height > width ? "frames upright" : "frames";
  sheet.replaceChildren(
    ...tiles.some(FRAMES).map((tile) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "frame";
      button.dataset.to = String(tile.from);
      button.setAttribute("aria-label", sheet.dataset.sheetWords.replace("{time}", clock(tile.from, length)));
      const picture = document.createElement("span");
      picture.className = "frame-picture";
      tiles.show(tile, picture);
      const time = document.createElement("span");
      time.className = "frame-time number";
      time.textContent = clock(tile.from, length);
      button.append(picture, time);
      return button;
    }),
  );
}

function jump(to) {
  const go = () => void (video.currentTime = to);
  if (video.readyState > 0) go();
  else video.addEventListener("loadedmetadata", go, { once: true });
  video.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-to]");
  if (button && video) jump(parseFloat(button.dataset.to));
});

document.body.addEventListener("htmx:afterSwap", () => void dress());
dress();
