// SHA-256 of a file, read in slices: crypto.subtle wants it whole in memory, and is not there at
// all on a small office's server without https. FIPS 180-4.
const SLICE = 4 * 1024 * 1024;
const BLOCK = 64;

// The first 32 bits of the fractions of the roots of the first primes.
function fractions(power, count) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (prime) {
      const root = n ** power;
      found.push(((root - Math.floor(root)) * 4294967296) | 0);
    }
  }
  return found;
}
const K = Int32Array.from(fractions(1 / 3, 64));
const START = fractions(1 / 2, 8);

class Digest {
  constructor() {
    this.state = Int32Array.from(START);
    this.words = new Int32Array(64);
    this.rest = new Uint8Array(0);
    this.length = 0;
  }

  add(bytes) {
    this.length += bytes.length;
    let data = bytes;
    if (this.rest.length) {
      data = new Uint8Array(this.rest.length + bytes.length);
      data.set(this.rest);
      data.set(bytes, this.rest.length);
    }
    const whole = data.length - (data.length % BLOCK);
    for (let at = 0; at < whole; at += BLOCK) this.block(data, at);
    this.rest = data.slice(whole);
  }

  block(data, at) {
    const w = this.words;
    for (let i = 0; i < 16; i += 1) {
      const j = at + 4 * i;
      w[i] = (data[j] << 24) | (data[j + 1] << 16) | (data[j + 2] << 8) | data[j + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const s = this.state;
    [a, b, c, d, e, f, g, h].forEach((value, i) => {
      s[i] = (s[i] + value) | 0;
    });
  }

  hex() {
    const bits = this.length * 8;
    const padding = new Uint8Array(this.missing());
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 4294967296));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.add(padding);
    return Array.from(this.state, (v) => (v >>> 0).toString(16).padStart(8, "0")).join("");
  }

  // Bytes up to the end of the last block: at least a 1 bit and the length.
  missing() {
    const over = this.length % BLOCK;
    return over < 56 ? BLOCK - over : 2 * BLOCK - over;
  }
}

// `onRead(bytes)` after every slice.
export async function sha256(file, onRead = () => {}) {
  const digest = new Digest();
  for (let at = 0; at < file.size; at += SLICE) {
    digest.add(await read(file.slice(at, at + SLICE)));
    onRead(Math.min(at + SLICE, file.size));
  }
  return digest.hex();
}

// Blob.arrayBuffer is too new for the browsers of 2018.
function read(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}
