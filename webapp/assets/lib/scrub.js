// A bar of the clip's time: shows the picture under the pointer, and goes there.
import { clock } from "./tiles.js";

const STEP = 2; // seconds, as the desk's arrow keys
const PAGE = 10;

export class Scrub {
  constructor(bar, video) {
    this.bar = bar;
    this.video = video;
    this.tiles = null;
    this.dragging = false;
    this.bubble = document.createElement("div");
    this.bubble.className = "bubble";
    this.bubble.hidden = true;
    this.bubble.innerHTML = '<div class="bubble-picture" hidden></div><span class="number"></span>';
    bar.parentElement.appendChild(this.bubble);
    bar.tabIndex = 0;
    bar.setAttribute("role", "slider");
    bar.setAttribute("aria-valuemin", "0");
    this.listen();
    this.tell();
  }

  listen() {
    const { bar, video } = this;
    bar.addEventListener("pointerdown", (event) => {
      this.dragging = true;
      bar.setPointerCapture(event.pointerId);
      this.showAt(this.timeOf(event));
    });
    bar.addEventListener("pointermove", (event) => {
      if (this.dragging || event.pointerType === "mouse") this.showAt(this.timeOf(event));
    });
    bar.addEventListener("pointerup", (event) => {
      if (this.dragging) this.go(this.timeOf(event));
      this.dragging = false;
      if (event.pointerType !== "mouse") this.hide();
    });
    for (const kind of ["pointercancel", "pointerleave"]) {
      bar.addEventListener(kind, () => {
        if (kind === "pointerleave" && this.dragging) return;
        this.dragging = false;
        this.hide();
      });
    }
    bar.addEventListener("keydown", (event) => this.key(event));
    bar.addEventListener("blur", () => this.hide());
    for (const kind of ["timeupdate", "seeking", "loadedmetadata"]) {
      video.addEventListener(kind, () => this.tell());
    }
  }

  timeOf(event) {
    const box = this.bar.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return share * (this.video.duration || 0);
  }

  go(time) {
    if (!this.video.duration) return;
    this.video.currentTime = Math.min(this.video.duration, Math.max(0, time));
  }

  key(event) {
    const { currentTime: now, duration } = this.video;
    const to = {
      ArrowLeft: now - STEP,
      ArrowRight: now + STEP,
      PageDown: now - PAGE,
      PageUp: now + PAGE,
      Home: 0,
      End: duration,
    }[event.key];
    if (event.key === "Escape") this.hide();
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey || !duration) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(to);
    this.showAt(Math.min(duration, Math.max(0, to)));
  }

  showAt(time) {
    const { duration } = this.video;
    if (!duration) return;
    const picture = this.bubble.firstChild;
    picture.hidden = !this.tiles;
    if (this.tiles) {
      const tile = this.tiles.at(time);
      this.bubble.style.width = `${tile.width}px`;
      this.tiles.show(tile, picture);
      picture.dataset.from = String(tile.from);
    }
    this.bubble.lastChild.textContent = clock(time, duration);
    this.bubble.hidden = false;
    const room = this.bar.clientWidth;
    const left = (time / duration) * room - this.bubble.offsetWidth / 2;
    this.bubble.style.left = `${Math.min(room - this.bubble.offsetWidth, Math.max(0, left))}px`;
  }

  hide() {
    this.bubble.hidden = true;
  }

  tell() {
    const { currentTime, duration } = this.video;
    this.bar.setAttribute("aria-valuemax", String(Math.round(duration || 0)));
    this.bar.setAttribute("aria-valuenow", String(Math.round(currentTime)));
    this.bar.setAttribute("aria-valuetext", `${clock(currentTime, duration)} / ${clock(duration || 0, duration)}`);
  }
}
