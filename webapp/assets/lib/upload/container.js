// Reads just enough of a file to say what it is: MP4 and MOV (what phones film) in full, WebM and
// Matroska for their tracks, others by their first bytes.
import { bytes } from "./fingerprint.js";

const LARGEST_INDEX = 24 * 1024 * 1024; // of an hour of film
const FILM = ["ftyp", "moov", "mdat", "free", "skip", "wide"];
const PICTURES = ["heic", "heix", "mif1", "msf1", "avif", "avis"];

const view = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);
const name = (data, at) => String.fromCharCode(...data.subarray(at, at + 4));

// {kind: "mp4" | "webm" | "other" | null, duration, width, height, video, audio}: what is not known
// is left out; kind null is no film.
export async function read(file) {
  const head = await bytes(file.slice(0, 4096));
  const box = name(head, 4);
  if (FILM.includes(box)) {
    if (box === "ftyp" && PICTURES.includes(name(head, 8))) return { kind: null };
    return { kind: "mp4", ...(await mp4(file).catch(() => ({}))) };
  }
  if (head.length > 4 && view(head).getUint32(0) === 0x1a45dfa3) {
    return { kind: "webm", ...(await webm(file).catch(() => ({}))) };
  }
  const isOther = (name(head, 0) === "RIFF" && name(head, 8) === "AVI ") || isTransport(head);
  return { kind: isOther ? "other" : null };
}

const isTransport = (head) =>
  [[188, 0], [192, 4]].some(([size, from]) => [0, 1, 2].every((n) => head[from + n * size] === 0x47));

async function mp4(file) {
  for (let at = 0; at + 8 <= file.size; ) {
    const head = await bytes(file.slice(at, at + 16));
    const look = view(head);
    let size = look.getUint32(0);
    if (size === 1) size = look.getUint32(8) * 2 ** 32 + look.getUint32(12);
    if (size === 0) size = file.size - at;
    if (size < 8) return {};
    if (name(head, 4) === "moov" && size <= LARGEST_INDEX) return movie(await bytes(file.slice(at, at + size)));
    at += size;
  }
  return {};
}

// The boxes within [from, to): [kind, from, to] of each one's content.
function* boxes(data, from, to) {
  const look = view(data);
  for (let at = from; at + 8 <= to; ) {
    const size = look.getUint32(at);
    if (size < 8 || at + size > to) return;
    yield [name(data, at + 4), at + 8, at + size];
    at += size;
  }
}

function movie(data) {
  const found = { video: false, audio: false };
  const look = view(data);
  for (const [kind, from, to] of boxes(data, 8, data.length)) {
    if (kind === "mvhd") {
      const long = data[from] === 1;
      const duration = long ? look.getUint32(from + 24) * 2 ** 32 + look.getUint32(from + 28) : look.getUint32(from + 16);
      if (duration) found.duration = duration / look.getUint32(from + (long ? 20 : 12));
    }
    if (kind === "trak") track(data, from, to, found);
  }
  return found;
}

function track(data, from, to, found) {
  let size = null;
  for (const [kind, start, end] of boxes(data, from, to)) {
    if (kind === "tkhd") size = picture(data, start);
    if (kind !== "mdia") continue;
    for (const [inner, at] of boxes(data, start, end)) {
      if (inner !== "hdlr") continue;
      const handler = name(data, at + 8);
      if (handler === "soun") found.audio = true;
      if (handler === "vide" && !found.video) Object.assign(found, { video: true }, size);
    }
  }
}

// As it is shown: a phone held upright films lying and says so in the matrix.
function picture(data, at) {
  const look = view(data);
  const matrix = at + (data[at] === 1 ? 52 : 40);
  const [width, height] = [look.getUint32(matrix + 36) / 65536, look.getUint32(matrix + 40) / 65536];
  const isTurned = look.getInt32(matrix) === 0 && look.getInt32(matrix + 4) !== 0;
  return isTurned ? { width: height, height: width } : { width, height };
}

// An EBML number at `at`: [value, length]; an id keeps its marker.
function vint(data, at, isId) {
  let length = 1;
  while (length <= 8 && !(data[at] & (0x80 >> (length - 1)))) length += 1;
  let value = isId ? data[at] : data[at] & (0xff >> length);
  for (let n = 1; n < length; n += 1) value = value * 256 + data[at + n];
  return [value, length];
}

const INSIDE = [0x18538067, 0x1654ae6b, 0xae]; // Segment, Tracks, TrackEntry

async function webm(file) {
  const data = await bytes(file.slice(0, 256 * 1024));
  const found = { video: false, audio: false };
  let isWhole = false;
  for (let at = 0; at + 12 < data.length; ) {
    const [id, idLength] = vint(data, at, true);
    const [size, sizeLength] = vint(data, at + idLength, false);
    const from = at + idLength + sizeLength;
    if (id === 0x1f43b675) break; // Cluster: the tracks stand before it
    if (id === 0x1654ae6b) isWhole = from + size <= data.length;
    if (id === 0x83 && data[from] === 1) found.video = true;
    if (id === 0x83 && data[from] === 2) found.audio = true;
    at = INSIDE.includes(id) ? from : from + size;
  }
  return isWhole ? found : {};
}
