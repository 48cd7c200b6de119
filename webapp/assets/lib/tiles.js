// The scrub sprite: one picture of many tiles, and WebVTT that says which tile shows which time.

// Seconds of "hh:mm:ss.mmm" or "mm:ss.mmm".
function seconds(text) {
  return text.trim().split(":").reduce((sum, part) => sum * 60 + parseFloat(part), 0);
}

// [{from, x, y, width, height, image}], times in seconds less `shift`, the first from 0.
export function parse(text, shift) {
  const found = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const times = block.match(/([\d:.]+)\s+-->/);
    const place = block.match(/^(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/m);
    if (!times || !place) continue;
    const [x, y, width, height] = place.slice(2).map(Number);
    found.push({ from: Math.max(0, seconds(times[1]) - shift), x, y, width, height, image: place[1] });
  }
  return found;
}

export class Tiles {
  // Null where there is no sprite, or it can not be had: the page does without.
  static async load(url, shift) {
    const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return null;
    const list = parse(await answer.text(), shift);
    if (!list.length) return null;
    const image = new Image();
    image.src = new URL(list[0].image, new URL(url, location.href)).href;
    const loaded = await new Promise((done) => {
      image.onload = () => done(true);
      image.onerror = () => done(false);
    });
    return loaded ? new Tiles(list, image) : null;
  }

  constructor(list, image) {
    this.list = list;
    this.image = image;
  }

  at(time) {
    let found = this.list[0];
    for (const tile of this.list) if (tile.from <= time + 0.001) found = tile;
    return found;
  }

  // Up to `count` of them, spread over the clip.
  some(count) {
    const all = this.list.length;
    if (all <= count) return this.list;
    return Array.from({ length: count }, (_, i) => this.list[Math.round(((i + 0.5) * all) / count - 0.5)]);
  }

  // Show a tile in an element of any width: its height follows, and so does the picture.
  show(tile, element) {
    const { naturalWidth: wide, naturalHeight: high } = this.image;
    const share = (start, size, whole) => (whole > size ? (100 * start) / (whole - size) : 0);
    const { style } = element;
    style.backgroundImage = `url("${this.image.src}")`;
    style.backgroundSize = `${(100 * wide) / tile.width}% ${(100 * high) / tile.height}%`;
    style.backgroundPosition = `${share(tile.x, tile.width, wide)}% ${share(tile.y, tile.height, high)}%`;
    style.paddingTop = `${(100 * tile.height) / tile.width}%`;
  }
}

const SHORT = 10; // seconds: in a shorter clip tenths are told, as by `clock_text` of the pages

// m:ss of a clip of this length, its begun seconds left out.
export function clock(time, length = Infinity) {
  const tenths = Math.max(0, Math.floor(time * 10 + 1e-6));
  const whole = Math.floor(tenths / 10);
  const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  if (!(length < SHORT)) return text;
  return `${text}${document.documentElement.lang === "vi" ? "," : "."}${tenths % 10}`;
}
