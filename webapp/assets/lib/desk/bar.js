// The bar of what was played: spans, the notes that are being written, the loop, the playhead; and
// the playhead over every lane of the timeline below it.
export function drawBar(canvas, { length, now, spans, notes, loop }) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => void (pen.fillStyle = style.getPropertyValue(name));
  pen.scale(ratio, ratio);
  if (!length) return;
  const x = (seconds) => (seconds / length) * width;
  colour("--good");
  for (const [start, end] of spans) pen.fillRect(x(start), 0, Math.max(1, x(end) - x(start)), height);
  if (loop) {
    colour("--sun");
    pen.fillRect(x(loop[0]), height - 5, Math.max(2, x(loop[1]) - x(loop[0])), 5);
  }
  colour("--bad");
  for (const at of notes) pen.fillRect(x(at) - 1.5, 0, 3, height);
  colour("--ink");
  pen.fillRect(x(now) - 1, 0, 2, height);
}

export function moveHeads(root, now, length) {
  for (const head of root.querySelectorAll(".playhead")) head.style.left = `${length ? (100 * now) / length : 0}%`;
}

// A press on a lane goes to that moment.
export function seekByLanes(root, video) {
  root.addEventListener("click", (event) => {
    const lane = event.target.closest(".lane-bar");
    if (!lane || !video.duration) return;
    const box = lane.getBoundingClientRect();
    video.currentTime = ((event.clientX - box.left) / box.width) * video.duration;
  });
}

// A button that goes there: the page listens for `data-to`.
export function jumpButton(seconds, text) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button small number", textContent: text });
  button.dataset.to = String(seconds);
  return button;
}

// The moments at which something begins, in order: of every lane and every note.
export function marksOf(root, notes) {
  const found = [...root.querySelectorAll(".lane-bar rect")].map((mark) => mark.x.baseVal.value);
  return [...new Set([...found, ...notes])].sort((a, b) => a - b);
}

// The captions that are being said now.
export function followCues(root, now) {
  for (const cue of root.querySelectorAll("[data-cue]")) {
    const is = now >= parseFloat(cue.dataset.cue) && now < parseFloat(cue.dataset.cueEnd);
    if (is === cue.classList.contains("now")) continue;
    cue.classList.toggle("now", is);
    const list = cue.parentElement;
    if (is && list.scrollHeight > list.clientHeight) list.scrollTop = cue.offsetTop - list.offsetTop - list.clientHeight / 3;
  }
}
