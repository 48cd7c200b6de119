// Plays the ladder over HLS where the browser can, else one file that every browser plays. A page
// that began with the preview goes on with the ladder when that is made.
import Hls from "hls.js";
import { captioned, dress } from "./lib/captioned.js";
import { keep, kept } from "./lib/place.js";
import { remember, saves } from "./lib/saver.js";

// The page's <track> elements show the captions, whatever plays: hls.js leaves them alone.
const NO_CAPTIONS = {
  enableWebVTT: false,
  enableIMSC1: false,
  enableCEA708Captions: false,
  renderTextTracksNatively: false,
  subtitleTrackController: undefined,
  subtitleStreamController: undefined,
  timelineController: undefined,
};

const video = document.querySelector(".player video");
let hls = null;

// `from`: {at, playing, rate}, in the time of what is played; null: from the beginning.
function open(from) {
  const { hls: list } = video.dataset;
  if (!list) {
    video.dataset.plays = "preview";
    if (from) resume(from);
  } else if (Hls.isSupported()) {
    openHls(list, from);
  } else if (!saves() && video.canPlayType("application/vnd.apple.mpegurl")) {
    // The playlist has the captions too: each would stand in the menu twice.
    for (const track of video.querySelectorAll("track")) track.remove();
    play("native", list, from);
  } else {
    play("mp4", file(), from);
  }
}

const file = () => (saves() && video.dataset.low) || video.dataset.mp4;

function openHls(list, from) {
  // Nothing is loaded before somebody wants to watch.
  hls = new Hls({
    capLevelToPlayerSize: true,
    maxBufferLength: 20,
    startLevel: -1,
    autoStartLoad: false,
    ...NO_CAPTIONS,
  });
  const opened = hls;
  video.dataset.plays = "hls";
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const here = where();
    close();
    play("mp4", file(), here);
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    cap();
    // Who pressed play before this script was there goes on playing.
    if (from || !video.paused) opened.startLoad(from ? from.at : -1);
    else video.addEventListener("play", () => opened === hls && opened.startLoad(-1), { once: true });
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => {
    const level = opened.levels[data.level];
    video.dataset.level = String(Math.min(level.width, level.height));
  });
  const wanted = !video.paused;
  if (from) resume(from);
  else hls.on(Hls.Events.MEDIA_ATTACHED, () => wanted && video.play());
  hls.loadSource(list);
  hls.attachMedia(video);
}

// The smallest picture while data is saved, else what the network and the screen bear.
function cap() {
  if (hls && hls.levels.length) hls.nextLevel = saves() ? 0 : -1;
}

function play(how, source, from) {
  if (!source) return;
  video.dataset.plays = how;
  video.src = source;
  if (from) resume(from);
  video.load();
}

function close() {
  if (hls) hls.destroy();
  hls = null;
}

function resume({ at, playing, rate }) {
  const go = () => {
    if (Math.abs(video.currentTime - at) > 0.05) video.currentTime = at;
    video.playbackRate = rate || 1;
    if (playing) video.play().catch(() => {}); // not allowed: the person presses play
  };
  if (video.dataset.plays === "preview" && video.readyState > 0) go();
  else video.addEventListener("loadedmetadata", go, { once: true });
}

function where() {
  if (video.ended || (video.paused && video.currentTime < 0.1)) return null;
  return { at: video.currentTime, playing: !video.paused, rate: video.playbackRate };
}

// From the preview to the ladder, which may begin with a card.
function moveOn(made) {
  if (!made || !made.dataset.hls || video.dataset.plays !== "preview") return;
  const here = where();
  Object.assign(video.dataset, made.dataset);
  const source = video.querySelector("source");
  if (source) source.src = file();
  if (card()) captionsAfterCard();
  open(here && { ...here, at: here.at + card() });
}

const card = () => parseFloat(video.dataset.card) || 0;

// The same captions, in the time of what is played from now on.
function captionsAfterCard() {
  for (const track of video.querySelectorAll("track")) {
    track.src = track.src.replace(/([^/.]+)\.vtt/, "$1.card.vtt");
  }
}

function showSaver() {
  const label = document.querySelector("[data-saver]");
  if (!label) return;
  label.hidden = false;
  label.querySelector("input").checked = saves();
}

document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-saver]")) return;
  remember(event.target.checked);
  if (hls) return cap();
  if (video.dataset.plays === "preview") return;
  const here = where();
  open(here);
});

// One at a time: who listens does not also watch.
document.addEventListener("play", (event) => {
  const other = event.target === video ? document.querySelector("[data-listen] audio") : video;
  if (other && event.target.closest("[data-listen], .player")) other.pause();
}, true);

if (video) {
  const before = kept();
  // The place is kept in the clip's own time: the page may come back with the other source.
  open(before && { ...before, at: before.at + (video.dataset.hls ? card() : 0) });
  showSaver();
  captioned(video);
  window.addEventListener("pagehide", () => {
    const here = where();
    if (here) keep({ ...here, at: here.at - (video.dataset.plays === "preview" ? 0 : card()) });
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    moveOn(document.getElementById("progress"));
    showSaver();
    dress(video);
    const chosen = document.getElementById("poster");
    if (chosen && chosen.dataset.poster && video.getAttribute("poster") !== chosen.dataset.poster) {
      video.poster = chosen.dataset.poster;
    }
    // The button that was pressed is gone with its work done: the keyboard goes on at the picture.
    if (chosen && wasMachines && document.activeElement === document.body) {
      chosen.querySelector("input:checked").focus({ preventScroll: true });
    }
    wasMachines = false;
  });
  let wasMachines = false;
  document.body.addEventListener("htmx:beforeSwap", () => {
    wasMachines = Boolean(document.activeElement && document.activeElement.id === "poster-machine");
  });
}
