// The desk: what was played is measured, notes are tied to a time, and the keyboard does it all.
const desk = document.querySelector("[data-desk]");
const video = desk.querySelector("video");
const words = JSON.parse(document.getElementById("words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const WHOLE = 0.995; // of the length: the last frames end before the clock does
const SLACK = 0.35; // seconds: spans that lie closer together count as one

class Coverage {
  constructor() {
    this.bar = desk.querySelector("[data-coverage]");
    this.canvas = this.bar.querySelector("canvas");
    this.text = desk.querySelector("[data-coverage-text]");
    this.box = desk.querySelector('input[name="watched"]');
    this.approve = desk.querySelector('button[value="approve"]');
    this.spans = [];
    this.last = null;
    this.at = 0;
    this.whole = this.box.checked;
    this.box.closest("label").hidden = true;
    video.addEventListener("timeupdate", () => this.look());
    video.addEventListener("seeking", () => void (this.last = null));
    for (const kind of ["play", "seeked"]) video.addEventListener(kind, () => this.start());
    video.addEventListener("ended", () => this.look(true));
    video.addEventListener("loadedmetadata", () => this.draw());
    window.addEventListener("resize", () => this.draw());
    this.bar.addEventListener("click", (event) => {
      const box = this.bar.getBoundingClientRect();
      video.currentTime = ((event.clientX - box.left) / box.width) * video.duration;
    });
    this.update();
  }

  start() {
    this.last = video.currentTime;
    this.at = performance.now();
  }

  // Only what was played counts: a leap is announced by "seeking", and the picture can not have
  // moved on by more than the time that passed.
  look(ended = false) {
    const now = ended ? video.duration : video.currentTime;
    const most = (SLACK + (performance.now() - this.at) / 1000) * video.playbackRate;
    if (this.last !== null && now > this.last && now - this.last <= most) this.add(this.last, now);
    if (this.last !== null) this.start();
  }

  add(from, to) {
    const spans = [...this.spans, [from, to]].sort((a, b) => a[0] - b[0]);
    this.spans = [];
    for (const [start, end] of spans) {
      const before = this.spans[this.spans.length - 1];
      if (before && start <= before[1] + SLACK) before[1] = Math.max(before[1], end);
      else this.spans.push([start, end]);
    }
    this.update();
  }

  get share() {
    if (!video.duration) return 0;
    const first = this.spans[0];
    const seen = this.spans.reduce((sum, [start, end]) => sum + end - start, 0);
    return (seen + (first && first[0] < SLACK ? first[0] : 0)) / video.duration;
  }

  update() {
    const share = this.share;
    if (share >= WHOLE || (video.duration && video.duration - share * video.duration < SLACK)) this.whole = true;
    this.box.checked = this.whole;
    if (this.whole) desk.querySelector("[data-told]").hidden = true;
    if (this.approve) {
      this.approve.setAttribute("aria-disabled", String(!this.whole));
      this.approve.title = this.whole ? "" : words.unwatched;
    }
    this.text.textContent = this.whole
      ? words.watched
      : words.share.replace("{n}", String(Math.floor(100 * share)));
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    pen.scale(ratio, ratio);
    if (!video.duration) return;
    const x = (seconds) => (seconds / video.duration) * width;
    pen.fillStyle = style.getPropertyValue("--good");
    for (const [start, end] of this.whole ? [[0, video.duration]] : this.spans) {
      pen.fillRect(x(start), 0, Math.max(1, x(end) - x(start)), height);
    }
    pen.fillStyle = style.getPropertyValue("--bad");
    for (const at of noteTimes()) pen.fillRect(x(at) - 1.5, 0, 3, height);
    pen.fillStyle = style.getPropertyValue("--ink");
    pen.fillRect(x(video.currentTime) - 1, 0, 2, height);
  }
}

function noteTimes() {
  return [...desk.querySelectorAll('[data-notes] input[name$="-at"]')]
    .map((input) => parseFloat(input.value.replace(",", ".")))
    .filter((at) => Number.isFinite(at));
}

class Notes {
  constructor() {
    this.list = desk.querySelector("[data-notes]");
    this.row = desk.querySelector("template[data-note]").innerHTML;
    this.next = this.list.children.length;
    desk.querySelector("[data-add-note]").addEventListener("click", () => this.add());
    this.list.addEventListener("input", () => coverage.draw());
    this.list.addEventListener("click", (event) => {
      const remove = event.target.closest("[data-remove-note]");
      if (remove) remove.closest("[data-row]").remove();
      const jump = event.target.closest("[data-jump]");
      if (jump) {
        const at = parseFloat(jump.closest("[data-row]").querySelector('input[name$="-at"]').value.replace(",", "."));
        if (Number.isFinite(at)) video.currentTime = at;
      }
      coverage.draw();
    });
  }

  add() {
    video.pause();
    const blank = [...this.list.children].find(
      (row) => [...row.querySelectorAll("input, select, textarea")].every((field) => !field.value),
    );
    if (!blank) {
      this.list.insertAdjacentHTML("beforeend", this.row.replace(/__N__/g, String(this.next)));
      this.next += 1;
    }
    const row = blank || this.list.lastElementChild;
    row.querySelector('input[name$="-at"]').value = video.currentTime.toLocaleString(
      document.documentElement.lang,
      { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false },
    );
    row.querySelector("select").focus();
    row.scrollIntoView({ block: "nearest", behavior: "smooth" });
    coverage.draw();
  }
}

const coverage = new Coverage();
const notes = new Notes();
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const speedText = desk.querySelector("[data-speed]");

function speed(step) {
  const at = SPEEDS.indexOf(video.playbackRate);
  video.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? 2 : at) + step))];
  speedText.textContent = `${video.playbackRate.toLocaleString(document.documentElement.lang)}×`;
}

function leap(seconds) {
  video.currentTime = Math.min(video.duration || 0, Math.max(0, video.currentTime + seconds));
}

const frame = 1 / (parseFloat(desk.dataset.rate) || 30);
const KEYS = {
  " ": () => (video.paused ? video.play() : video.pause()),
  k: () => (video.paused ? video.play() : video.pause()),
  j: () => leap(-5),
  l: () => leap(5),
  ArrowLeft: () => leap(-2),
  ArrowRight: () => leap(2),
  ",": () => (video.pause(), leap(-frame)),
  ".": () => (video.pause(), leap(frame)),
  "-": () => speed(-1),
  "+": () => speed(1),
  "=": () => speed(1),
  m: () => void (video.muted = !video.muted),
  n: () => notes.add(),
  a: () => press("approve"),
  s: () => press("request_changes"),
  r: () => press("reject"),
  q: () => desk.querySelector("[data-next]")?.click(),
  "?": () => void (desk.querySelector("[data-keys]").open = !desk.querySelector("[data-keys]").open),
};

// The key only moves to the button: Enter decides, so that no slip of a finger does.
function press(action) {
  const button = desk.querySelector(`button[value="${action}"]`);
  if (button) button.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (field) {
    if (event.key === "Escape") field.blur();
    return;
  }
  if (event.key === " " && event.target.closest("button, a, summary")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || (event.target === video && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  act();
});

desk.querySelector("form[data-decide]").addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || button.getAttribute("aria-disabled") !== "true") return;
  event.preventDefault();
  event.stopPropagation();
  desk.querySelector("[data-told]").textContent = words.unwatched;
  desk.querySelector("[data-told]").hidden = false;
}, true);

video.addEventListener("timeupdate", () => coverage.draw());

// A look-alike's scene: ours here, theirs in its own player, both in sight.
desk.addEventListener("click", (event) => {
  const jump = event.target.closest("[data-jump-to]");
  if (!jump) return;
  video.currentTime = parseFloat(jump.dataset.jumpTo);
  const compare = jump.closest(".alike").querySelector("[data-compare]");
  if (!compare || !jump.dataset.theirs) return void video.scrollIntoView({ block: "nearest", behavior: "smooth" });
  for (const other of desk.querySelectorAll("[data-compare][open]")) other.open = other === compare;
  compare.open = true;
  const theirs = compare.querySelector("video");
  theirs.preload = "auto"; // until now it cost nothing
  theirs.currentTime = parseFloat(jump.dataset.theirs);
  beside();
  theirs.scrollIntoView({ block: "end", behavior: "smooth" });
});

// While two clips are compared ours stays in sight, and both are small enough for one screen.
function beside() {
  const isOpen = desk.querySelector("[data-compare][open]") !== null;
  desk.querySelector("[data-ours]").classList.toggle("comparing", isOpen);
}
for (const compare of desk.querySelectorAll("[data-compare]")) compare.addEventListener("toggle", beside);

// The claim lives while the desk is open and is given back when it is left.
const { claimUrl, leaveUrl } = desk.dataset;
if (claimUrl) {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(claimUrl, { method: "POST", headers: { "X-CSRFToken": csrf } }).catch(() => null);
    if (answer && answer.status === 409) desk.querySelector("[data-lost]").hidden = false;
  }, 60000);
  let decided = false;
  document.addEventListener("submit", () => void (decided = true));
  window.addEventListener("pagehide", () => {
    const data = new FormData();
    data.append("csrf_token", csrf);
    if (!decided) navigator.sendBeacon(leaveUrl, data);
  });
}
