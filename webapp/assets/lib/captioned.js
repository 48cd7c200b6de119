// Whether this person wants captions, on every clip; and the player's own menu says the same.
const NAME = "lantoa.captions";

let said = null; // "on" or "off"; null: never said, so it is left to the browser

function wish() {
  try {
    return said || localStorage.getItem(NAME);
  } catch {
    return said;
  }
}

function remember(on) {
  said = on ? "on" : "off";
  try {
    localStorage.setItem(NAME, said);
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

const WORDS = ["captions", "subtitles"];
const tracks = (video) => [...video.textTracks].filter((track) => WORDS.includes(track.kind));
const isShown = (video) => tracks(video).some((track) => track.mode === "showing");

// In the page's language where there are such, else the first.
function show(video, on) {
  const all = tracks(video);
  const mine = all.find((track) => track.language === document.documentElement.lang) || all[0];
  for (const track of all) track.mode = on && track === mine ? "showing" : "disabled";
}

// The box may be swapped for a fresh one at any time: it is looked for anew.
const box = () => document.querySelector("[data-captioned] input");

export function captioned(video) {
  document.addEventListener("change", (event) => {
    if (!event.target.closest("[data-captioned]")) return;
    remember(event.target.checked);
    show(video, event.target.checked);
  });
  // "change" also tells of our own doing: then both agree already.
  video.textTracks.addEventListener("change", () => {
    if (!box() || !tracks(video).length || box().checked === isShown(video)) return;
    box().checked = isShown(video);
    remember(box().checked);
  });
  // A playlist that the browser plays by itself brings its own.
  video.textTracks.addEventListener("addtrack", () => wish() === "on" && !isShown(video) && show(video, true));
  dress(video);
}

export function dress(video) {
  const input = box();
  if (!input) return;
  input.closest("[data-captioned]").hidden = false;
  if (wish()) show(video, wish() === "on");
  input.checked = isShown(video);
}
