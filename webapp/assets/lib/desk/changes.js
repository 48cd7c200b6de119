// Where the pictures of two revisions differ: their small pictures are compared, each with those of the
// other one that lie near the same moment. A guess: of what is small in the picture it sees nothing.
const WIDTH = 24;
const HEIGHT = 14;
const NEAR = 0.8; // seconds: a tile shows a moment somewhere within its time
const DIFFERENT = 26; // of 255, the mean over the picture; two near moments of one scene differ by less

function pixels(tiles) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return tiles.list.map((tile) => {
    pen.drawImage(tiles.image, tile.x, tile.y, tile.width, tile.height, 0, 0, WIDTH, HEIGHT);
    return pen.getImageData(0, 0, WIDTH, HEIGHT).data;
  });
}

function distance(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) if (i % 4 !== 3) sum += Math.abs(one[i] - other[i]);
  return sum / (WIDTH * HEIGHT * 3);
}

export class Changes {
  // Null where the pictures can not be read: those of a bucket on another site.
  static of(oldTiles, newTiles) {
    try {
      return oldTiles && newTiles ? new Changes(oldTiles, newTiles) : null;
    } catch (error) {
      return null;
    }
  }

  constructor(oldTiles, newTiles) {
    this.old = oldTiles.list.map((tile) => tile.from);
    this.new = newTiles.list.map((tile) => tile.from);
    this.oldPixels = pixels(oldTiles);
    this.newPixels = pixels(newTiles);
  }

  // Spans of the new one, in seconds; the old one shows the same `offset` later.
  spans(offset, length) {
    const found = [];
    this.new.forEach((from, number) => {
      const to = number + 1 < this.new.length ? this.new[number + 1] : length;
      const near = this.old.map((at, index) => index).filter((index) => {
        const end = index + 1 < this.old.length ? this.old[index + 1] : Infinity;
        return this.old[index] < to + offset + NEAR && end > from + offset - NEAR;
      });
      if (near.some((index) => distance(this.newPixels[number], this.oldPixels[index]) < DIFFERENT)) return;
      const last = found[found.length - 1];
      if (last && last[1] === from) last[1] = to;
      else found.push([from, to]);
    });
    return found;
  }
}
