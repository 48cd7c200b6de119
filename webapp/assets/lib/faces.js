// Faces that the machine proposes: dashed boxes on the picture, and a list beside it. One becomes a
// box of the plan only when it is taken; until then nothing hides it.
const MOST = 50; // boxes of a plan

export function proposedFaces({ page, layer, frame, word, go, add, count }) {
  let faces = []; // {item, shape, box}: in the order of the list

  const section = () => page.querySelector("[data-faces]");
  const open = () => faces.filter((face) => !face.item.hidden);

  function read(item) {
    const [x, y, width, height, start, end] = item.dataset.face.split(" ").map((text) => Number(text.replace(",", ".")));
    return { x: x / 100, y: y / 100, width: width / 100, height: height / 100, start, end };
  }

  // What the page shows now: also called when the machine has ended its search.
  function prepare() {
    for (const face of faces) face.shape.remove();
    if (!section()) return;
    for (const element of section().querySelectorAll("[data-script]")) element.hidden = false;
    for (const element of section().querySelectorAll("[data-plain]")) {
      element.hidden = true;
      element.disabled = true;
    }
    faces = [...section().querySelectorAll("[data-face]")].map(begin);
  }

  function begin(item, index) {
    const box = read(item);
    const shape = document.createElement("button");
    shape.type = "button";
    shape.className = "face-box";
    shape.textContent = `? ${index + 1}`;
    shape.setAttribute("aria-label", word.replace("{n}", index + 1));
    for (const [side, value] of [["left", box.x], ["top", box.y], ["width", box.width], ["height", box.height]]) {
      shape.style[side] = `${100 * value}%`;
    }
    shape.hidden = true;
    shape.addEventListener("click", () => item.querySelector("[data-face-take]").focus());
    layer.prepend(shape); // below what is drawn
    return { item, shape, box };
  }

  function draw(now) {
    for (const { item, shape, box } of faces) {
      shape.hidden = item.hidden || now < box.start - frame || now > box.end + frame;
    }
  }

  function take(face) {
    const isFull = count() >= MOST;
    section().querySelector("[data-face-full]").hidden = !isFull;
    if (isFull) return false;
    face.item.hidden = true;
    add("boxes", face.box);
    return true;
  }

  function drop(face) {
    face.item.dataset.dropped = "yes";
    face.item.hidden = true;
  }

  // The keyboard goes on where it was: to the next face, or to what stands there when none is left.
  function settle(face) {
    const left = open();
    const dropped = faces.filter(({ item }) => item.dataset.dropped);
    for (const button of section().querySelectorAll("[data-face-all], [data-face-none]")) button.hidden = !left.length;
    section().querySelector("[data-face-over]").hidden = left.length > 0;
    section().querySelector("[data-face-again]").hidden = dropped.length === 0;
    const next = left.find((other) => faces.indexOf(other) > faces.indexOf(face)) || left[0];
    if (next) next.item.querySelector("[data-face-take]").focus({ preventScroll: true });
    draw(page.querySelector("video").currentTime);
  }

  function showAgain() {
    for (const { item } of faces) {
      if (!item.dataset.dropped) continue;
      delete item.dataset.dropped;
      item.hidden = false;
    }
  }

  page.addEventListener("click", ({ target }) => {
    const face = faces.find(({ item }) => item.contains(target));
    if (face && target.matches("[data-face-see]")) return go((face.box.start + face.box.end) / 2);
    if (face && target.matches("[data-face-take]")) take(face);
    else if (face && target.matches("[data-face-drop]")) drop(face);
    else if (target.matches("[data-face-all]")) open().every(take);
    else if (target.matches("[data-face-none]")) open().forEach(drop);
    else if (target.matches("[data-face-again]")) showAgain();
    else return undefined;
    return settle(face);
  });

  document.body.addEventListener("htmx:load", ({ target }) => {
    if (target !== section()) return;
    prepare();
    draw(page.querySelector("video").currentTime);
  });

  prepare();
  return { draw };
}
