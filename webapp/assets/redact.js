// Draws what is to be hidden: boxes on the picture, spans on the clock. The form's fields are the
// truth; this only writes into them and shows what they say.
import { proposedFaces } from "./lib/faces.js";
import { moment, seconds } from "./lib/moments.js";

const page = document.querySelector("[data-redact]");
const video = page.querySelector("video");
const layer = page.querySelector("[data-layer]");
const form = page.querySelector("[data-plan]");
const strip = page.querySelector("[data-spans]");
const seek = page.querySelector("[data-seek]");
const words = JSON.parse(document.getElementById("words").textContent);
const duration = Number(page.dataset.duration) || 0;
const frame = 1 / (Number(page.dataset.rate) || 30);
const LEAST = 0.02; // of a side: less is a slip of the finger
const SPAN = 2; // seconds of a new silence or cut
const PLACES = ["x", "y", "width", "height"];

let chosen = null; // a row of a box
let dirty = false;
const faces = proposedFaces({ page, layer, frame, word: words.face, go, add, count: () => rows("boxes").length });
let last = null; // what was removed, to be put back
let count = 1000; // names of new rows: never those of rows that came with the page

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const number = (text) => Number(String(text).trim().replace(",", "."));

// --- fields ------------------------------------------------------------------------------------

const field = (row, name) => row.querySelector(`[data-field="${name}"]`);
const rows = (kind) => [...form.querySelectorAll(`[data-row="${kind}"]`)].filter((row) => !row.closest("noscript"));

function read(row) {
  const value = { start: 0, end: duration };
  for (const name of ["start", "end"]) {
    const typed = field(row, name).value.trim();
    if (Number.isFinite(seconds(typed))) value[name] = seconds(typed);
  }
  if (row.dataset.row !== "boxes") return value;
  for (const name of PLACES) value[name] = (number(field(row, name).value) || 0) / 100;
  value.how = field(row, "how").value;
  value.moves = field(row, "to_x").value.trim() !== "" || field(row, "to_y").value.trim() !== "";
  for (const [to, from] of [["to_x", "x"], ["to_y", "y"]]) {
    const typed = field(row, to).value.trim();
    value[to] = typed === "" ? value[from] : number(typed) / 100 || 0;
  }
  return value;
}

function write(row, values) {
  for (const [name, value] of Object.entries(values)) {
    const isTime = name === "start" || name === "end";
    const text = () => (isTime ? moment(value, 2) : (100 * value).toFixed(2).replace(".", ","));
    field(row, name).value = value === "" ? "" : text();
  }
  changed();
}

function changed() {
  dirty = true;
  for (const told of page.parentElement.querySelectorAll("[data-nothing]")) told.hidden = true;
  draw();
}

// --- the picture -------------------------------------------------------------------------------

// Where the picture lies inside the player, whose sides may be black.
function place() {
  const ratio = (video.videoWidth || video.width) / (video.videoHeight || video.height);
  const width = Math.min(video.clientWidth, video.clientHeight * ratio);
  const height = width / ratio;
  layer.style.left = `${video.offsetLeft + (video.clientWidth - width) / 2}px`;
  layer.style.top = `${video.offsetTop + (video.clientHeight - height) / 2}px`;
  layer.style.width = `${width}px`;
  layer.style.height = `${height}px`;
}

const shapes = new Map(); // row -> its elements {start, end}

function shape(row, part) {
  const found = shapes.get(row) || {};
  shapes.set(row, found);
  if (found[part]) return found[part];
  const element = document.createElement("div");
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.append(document.createElement("b"));
  for (const corner of ["nw", "ne", "sw", "se"]) {
    const handle = document.createElement("i");
    handle.className = corner;
    handle.dataset.corner = corner;
    element.append(handle);
  }
  element.dataset.part = part;
  element.addEventListener("pointerdown", (event) => grab(event, row, part));
  element.addEventListener("keydown", (event) => press(event, row, part));
  element.addEventListener("focus", () => choose(row));
  layer.append(element);
  found[part] = element;
  return element;
}

function draw() {
  const now = video.currentTime;
  const boxes = rows("boxes");
  for (const [row, parts] of shapes) {
    if (boxes.includes(row)) continue;
    for (const element of Object.values(parts)) element.remove();
    shapes.delete(row);
  }
  boxes.forEach((row, index) => drawBox(row, index + 1, now));
  faces.draw(now);
  for (const kind of ["boxes", "sounds", "cuts"]) {
    rows(kind).forEach((row, index) => (row.querySelector("[data-number]").textContent = index + 1));
  }
  drawSpans();
  page.querySelector("[data-empty]").hidden = form.querySelector("[data-rows] [data-row]") !== null;
}

function drawBox(row, n, now) {
  const box = read(row);
  const live = now >= box.start - frame && now <= box.end + frame;
  put(shape(row, "start"), box.x, box.y, box, row, live, words.box.replace("{n}", n), String(n));
  row.classList.toggle("chosen", row === chosen);
  row.querySelector("[data-moves]").checked = box.moves;
  const parts = shapes.get(row);
  if (box.moves) put(shape(row, "end"), box.to_x, box.to_y, box, row, live, words.end.replace("{n}", n), `${n} →`);
  else if (parts.end) {
    parts.end.remove();
    delete parts.end;
  }
}

function put(element, x, y, box, row, live, label, short) {
  const part = element.dataset.part;
  const classes = ["hide-box", box.how, part === "end" ? "end" : "", live ? "" : "off", row === chosen ? "chosen" : ""];
  element.className = classes.filter(Boolean).join(" ");
  element.hidden = !live && row !== chosen;
  element.style.left = `${100 * x}%`;
  element.style.top = `${100 * y}%`;
  element.style.width = `${100 * box.width}%`;
  element.style.height = `${100 * box.height}%`;
  element.setAttribute("aria-label", label);
  element.querySelector("b").textContent = short;
}

function drawSpans() {
  strip.textContent = "";
  if (!duration) return;
  for (const kind of ["boxes", "sounds", "cuts"]) {
    for (const row of rows(kind)) {
      const { start, end } = read(row);
      const bar = document.createElement("span");
      bar.className = kind;
      bar.style.left = `${(100 * clamp(start, 0, duration)) / duration}%`;
      bar.style.width = `${(100 * clamp(end - start, 0, duration)) / duration}%`;
      strip.append(bar);
    }
  }
}

function choose(row) {
  if (chosen === row) return;
  chosen = row;
  draw();
}

// --- drawing, moving, resizing -------------------------------------------------------------------

function point(event) {
  const area = layer.getBoundingClientRect();
  return {
    x: clamp((event.clientX - area.left) / area.width, 0, 1),
    y: clamp((event.clientY - area.top) / area.height, 0, 1),
  };
}

// Follow one finger (or the mouse) until it is lifted.
function follow(event, move, done = () => {}) {
  event.preventDefault();
  layer.setPointerCapture(event.pointerId);
  const onMove = (next) => next.pointerId === event.pointerId && move(point(next));
  const end = (next) => {
    if (next.pointerId !== event.pointerId) return;
    layer.removeEventListener("pointermove", onMove);
    layer.removeEventListener("pointerup", end);
    layer.removeEventListener("pointercancel", end);
    done(next.type === "pointercancel");
  };
  layer.addEventListener("pointermove", onMove);
  layer.addEventListener("pointerup", end);
  layer.addEventListener("pointercancel", end);
}

layer.addEventListener("pointerdown", (event) => {
  if (event.target !== layer || event.button !== 0) return;
  video.pause();
  const from = point(event);
  const row = add("boxes", { x: from.x, y: from.y, width: 0, height: 0 });
  const span = (to) => ({
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  });
  follow(
    event,
    (to) => write(row, span(to)),
    (cancelled) => {
      const box = read(row);
      if (cancelled || box.width < LEAST || box.height < LEAST) forget(row);
      else shape(row, "start").focus({ preventScroll: true });
    },
  );
});

function grab(event, row, part) {
  if (event.button !== 0) return;
  event.stopPropagation();
  video.pause();
  choose(row);
  shape(row, part).focus({ preventScroll: true });
  const from = point(event);
  const box = read(row);
  const corner = event.target.dataset.corner;
  follow(event, (to) => {
    const by = { x: to.x - from.x, y: to.y - from.y };
    write(row, corner ? stretched(box, corner, by) : moved(box, part, by));
  });
}

function moved(box, part, by) {
  const [x, y] = part === "end" ? ["to_x", "to_y"] : ["x", "y"];
  return {
    [x]: clamp(box[x] + by.x, 0, 1 - box.width),
    [y]: clamp(box[y] + by.y, 0, 1 - box.height),
  };
}

function stretched(box, corner, by) {
  let [left, top, right, bottom] = [box.x, box.y, box.x + box.width, box.y + box.height];
  if (corner.includes("w")) left = clamp(left + by.x, 0, right - LEAST);
  else right = clamp(right + by.x, left + LEAST, 1);
  if (corner.includes("n")) top = clamp(top + by.y, 0, bottom - LEAST);
  else bottom = clamp(bottom + by.y, top + LEAST, 1);
  const next = { x: left, y: top, width: right - left, height: bottom - top };
  if (!box.moves) return next;
  return { ...next, to_x: clamp(box.to_x, 0, 1 - next.width), to_y: clamp(box.to_y, 0, 1 - next.height) };
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function press(event, row, part) {
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    return drop(row);
  }
  const arrow = ARROWS[event.key];
  if (!arrow || event.ctrlKey || event.altKey || event.metaKey) return undefined;
  event.preventDefault();
  const by = { x: 0.01 * arrow[0], y: 0.01 * arrow[1] };
  const box = read(row);
  return write(row, event.shiftKey ? stretched(box, "se", by) : moved(box, part, by));
}

// --- rows ----------------------------------------------------------------------------------------

function add(kind, values) {
  const template = document.querySelector(`template[data-new="${kind}"]`);
  const holder = document.createElement("div");
  holder.innerHTML = template.innerHTML.split("__N__").join(String(count++));
  const row = holder.querySelector("[data-row]");
  prepare(row);
  form.querySelector(`[data-rows="${kind}"]`).append(row);
  const from = kind === "boxes" ? 0 : clamp(video.currentTime, 0, Math.max(0, duration - 0.1));
  const to = kind === "boxes" ? duration : Math.min(duration, from + SPAN);
  if (kind === "boxes") chosen = row;
  write(row, { start: from, end: to, ...values });
  return row;
}

function prepare(row) {
  for (const element of row.querySelectorAll("[data-script]")) element.hidden = false;
  const details = row.querySelector("[data-place]");
  if (details && !row.querySelector(".errors")) details.open = false;
  row.addEventListener("focusin", () => row.dataset.row === "boxes" && choose(row));
  row.addEventListener("pointerdown", () => row.dataset.row === "boxes" && choose(row));
}

function forget(row) {
  row.remove();
  if (chosen === row) chosen = null;
  changed();
}

function drop(row) {
  last = { row, parent: row.parentElement, next: row.nextElementSibling };
  const others = rows(row.dataset.row).filter((other) => other !== row);
  forget(row);
  page.querySelector("[data-undo]").hidden = false;
  const next = row.dataset.row === "boxes" && others.length ? shape(others[others.length - 1], "start") : null;
  (next && !next.hidden ? next : page.querySelector("[data-undo-button]")).focus({ preventScroll: true });
}

page.querySelector("[data-undo-button]").addEventListener("click", () => {
  if (!last) return;
  last.parent.insertBefore(last.row, last.next && last.next.parentElement === last.parent ? last.next : null);
  if (last.row.dataset.row === "boxes") chosen = last.row;
  last = null;
  page.querySelector("[data-undo]").hidden = true;
  changed();
});

// The box that says that it moves is no field: see below.
form.addEventListener("input", (event) => event.target.matches("[data-moves]") || changed());

form.addEventListener("change", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || !event.target.matches("[data-moves]")) return;
  const box = read(row);
  // It begins to move a little aside, so that both ends can be grabbed.
  const aside = { to_x: clamp(box.x + 0.15, 0, 1 - box.width), to_y: box.y };
  write(row, event.target.checked ? aside : { to_x: "", to_y: "" });
});

form.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row) return;
  if (event.target.matches("[data-drop]")) drop(row);
  const which = event.target.dataset.set;
  if (which) write(row, { [which]: clamp(video.currentTime, 0, duration) });
});

page.addEventListener("click", (event) => {
  const kind = event.target.dataset.add;
  if (kind) {
    video.pause();
    const row = add(kind, kind === "boxes" ? { x: 0.35, y: 0.35, width: 0.3, height: 0.3 } : {});
    if (kind === "boxes") shape(row, "start").focus({ preventScroll: true });
    else row.querySelector("[data-set]").focus();
  }
  if (event.target.dataset.jump) go(Number(event.target.dataset.jump));
  if (event.target.dataset.step) go(video.currentTime + frame * Number(event.target.dataset.step));
});

// --- the clock -----------------------------------------------------------------------------------

function go(moment) {
  video.pause();
  video.currentTime = clamp(moment, 0, duration || video.duration || 0);
}

function tick() {
  seek.value = String(video.currentTime);
  page.querySelector("[data-time]").textContent = moment(video.currentTime, 1);
  page.querySelector("[data-play]").textContent = video.paused ? "▶" : "❚❚";
  draw();
}

function run() {
  tick();
  if (!video.paused) requestAnimationFrame(run);
}

page.querySelector("[data-play]").addEventListener("click", () => (video.paused ? video.play() : video.pause()));
seek.addEventListener("input", () => go(Number(seek.value)));
for (const kind of ["pause", "seeked", "timeupdate", "ended"]) video.addEventListener(kind, tick);
video.addEventListener("play", run);

// --- leaving -------------------------------------------------------------------------------------

// Boxes, spans, or faces that were confirmed.
const isNothing = () => !form.querySelector("[data-rows] [data-row]") && !new FormData(form).has("faces");

form.addEventListener("submit", (event) => {
  if (!isNothing()) return void (dirty = false);
  event.preventDefault();
  const told = form.querySelector("[data-nothing]");
  told.hidden = false;
  told.scrollIntoView({ block: "nearest" });
});
window.addEventListener("beforeunload", (event) => {
  if (!dirty) return;
  event.preventDefault();
  event.returnValue = words.leave;
});

// --- beginning -----------------------------------------------------------------------------------

video.controls = false;
layer.hidden = false;
strip.hidden = false;
for (const element of page.querySelectorAll("[data-script]")) element.hidden = false;
for (const kind of ["boxes", "sounds", "cuts"]) rows(kind).forEach(prepare);
if (window.ResizeObserver) new ResizeObserver(place).observe(video);
window.addEventListener("resize", place);
video.addEventListener("loadedmetadata", place);
place();
tick();
const asked = new URLSearchParams(location.search);
const at = Number(asked.get("at"));
if (at) go(at);
// From the desk: a box for the span that was marked there, ready to be moved by the keys.
if (asked.has("box") && !page.querySelector("[data-row] [autofocus]")) {
  const until = Number(asked.get("until")) || at + SPAN;
  const row = add("boxes", { x: 0.35, y: 0.35, width: 0.3, height: 0.3, start: at, end: clamp(until, at, duration) });
  shape(row, "start").focus({ preventScroll: true });
}

// What came back refused begins at its first wrong field, now that all has its place.
const wrong = page.querySelector("[data-row] [autofocus]");
if (wrong) {
  wrong.focus({ preventScroll: true });
  wrong.scrollIntoView({ block: "center" });
}
