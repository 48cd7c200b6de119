// The app's icons, drawn from our own SVG: PNG of any size, without a browser or a picture library.
// It knows what icon.svg is made of (one rounded rect, round-capped quarter arcs, circles) and
// refuses anything else.
import { deflateSync } from "node:zlib";

const SAMPLES = 4; // a pixel's side: 16 points decide how much of it is covered
const number = (text) => Number.parseFloat(text);

function attributes(tag) {
  return Object.fromEntries([...tag.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

// [{inside(x, y), colour: [r, g, b], alpha}], the lowest first.
export function shapes(svg, { full = false } = {}) {
  const group = attributes((svg.match(/<g [^>]*>/) || ["<g>"])[0]);
  const found = [];
  for (const [tag, name] of svg.matchAll(/<(rect|path|circle|polygon|line|ellipse|text|image|use) [^>]*>/g)) {
    const own = attributes(tag);
    const colour = hex(name === "path" ? group.stroke : own.fill);
    const alpha = own.opacity === undefined ? 1 : number(own.opacity);
    found.push({ inside: outline(name, own, full), colour, alpha, behind: name === "rect" });
  }
  return found;
}

function hex(text) {
  const long = text.length === 4 ? text.replace(/[^#]/g, "$&$&") : text;
  return [1, 3, 5].map((at) => Number.parseInt(long.slice(at, at + 2), 16));
}

function outline(name, own, full) {
  if (name === "circle") {
    const [x, y, r] = [own.cx, own.cy, own.r].map(number);
    return (px, py) => Math.hypot(px - x, py - y) <= r;
  }
  if (name === "rect") {
    const [w, h, r] = [number(own.width), number(own.height), full ? 0 : number(own.rx)];
    return (px, py) => Math.hypot(Math.max(r - px, px - w + r, 0), Math.max(r - py, py - h + r, 0)) <= r || full;
  }
  if (name === "path") return arc(own);
  throw new Error(`icon.svg: no drawing of <${name}>`);
}

// "M x y a r r 0 0 1 dx dy" (or "A" with the end itself): a quarter of a circle, clockwise.
function arc(own) {
  const match = own.d.match(/^M(\S+?)[ ,](\S+?)(a|A)(.*)$/);
  const rest = (match ? match[4] : "").match(/-?[\d.]+/g) || [];
  if (rest.length !== 7) throw new Error(`icon.svg: no drawing of "${own.d}"`);
  const [x, y, r] = [number(match[1]), number(match[2]), number(rest[0])];
  const [dx, dy] = [number(rest[5]) - (match[3] === "A" ? x : 0), number(rest[6]) - (match[3] === "A" ? y : 0)];
  if (dx !== r || dy !== -r) throw new Error(`icon.svg: not a quarter: "${own.d}"`);
  const half = number(own["stroke-width"]) / 2;
  const [cx, cy, ex, ey] = [x + r, y, x + dx, y + dy];
  return (px, py) =>
    (px <= cx && py <= cy && Math.abs(Math.hypot(px - cx, py - cy) - r) <= half) ||
    Math.hypot(px - x, py - y) <= half ||
    Math.hypot(px - ex, py - ey) <= half;
}

// `maskable`: the picture may be cut to any shape within its inner 80 %.
export function icon(svg, size, { maskable = false } = {}) {
  const parts = shapes(svg, { full: maskable });
  const pixels = Buffer.alloc(size * size * 4);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) pixels.set(pixel(parts, x, y, size, maskable), (y * size + x) * 4);
  }
  return png(pixels, size);
}

function pixel(parts, x, y, size, maskable) {
  const sum = [0, 0, 0, 0];
  for (let n = 0; n < SAMPLES * SAMPLES; n += 1) {
    const at = (place, step) => ((place + (step + 0.5) / SAMPLES) * 64) / size;
    const [px, py] = [at(x, n % SAMPLES), at(y, Math.floor(n / SAMPLES))];
    let seen = [0, 0, 0, 0];
    for (const { inside, colour, alpha, behind } of parts) {
      const [qx, qy] = maskable && !behind ? [(px - 32) / 0.8 + 32, (py - 32) / 0.8 + 32] : [px, py];
      if (!inside(qx, qy)) continue;
      seen = [...colour.map((value, i) => value * alpha + seen[i] * (1 - alpha)), alpha + seen[3] * (1 - alpha)];
    }
    seen.forEach((value, i) => (sum[i] += i < 3 ? value * seen[3] : value));
  }
  const [r, g, b, a] = sum;
  return a ? [r / a, g / a, b / a, (255 * a) / SAMPLES ** 2].map(Math.round) : [0, 0, 0, 0];
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

function png(pixels, size) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8); // 8 bits, RGBA
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y += 1) pixels.copy(rows, y * (size * 4 + 1) + 1, y * size * 4, (y + 1) * size * 4);
  const magic = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
