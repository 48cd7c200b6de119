// Plays the ladder over HLS where the browser can, else the one file that every browser plays.
import Hls from "hls.js";

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

export function attach(video) {
  const source = video.dataset.hls;
  if (!source) return;
  if (Hls.isSupported()) {
    const hls = new Hls({ capLevelToPlayerSize: true, maxBufferLength: 20, startLevel: -1, ...NO_CAPTIONS });
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      hls.destroy();
      fallBack(video);
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => {
      video.dataset.level = String(hls.levels[data.level].height);
    });
    // Who pressed play before this script was there goes on playing.
    const wanted = !video.paused;
    hls.on(Hls.Events.MEDIA_ATTACHED, () => wanted && video.play());
    hls.loadSource(source);
    hls.attachMedia(video);
    video.dataset.plays = "hls";
  } else if (video.canPlayType("application/vnd.apple.mpegurl")) {
    // The playlist has the captions too: each would stand in the menu twice.
    for (const track of video.querySelectorAll("track")) track.remove();
    video.src = source;
    video.dataset.plays = "native";
  }
}

function fallBack(video) {
  const file = video.querySelector("source");
  if (!file) return;
  video.dataset.plays = "mp4";
  video.src = file.src;
  video.load();
}

for (const video of document.querySelectorAll("video[data-hls]")) attach(video);
