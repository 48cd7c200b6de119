// The queue by keyboard: through the rows, to the filters, and into the next clip.
const queue = document.querySelector("[data-queue]");
const rows = [...queue.querySelectorAll("[data-rows] a.item")];
const filters = queue.querySelector("[data-filters]");
const keys = queue.querySelector("[data-keys]");

function step(by) {
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next].focus();
}

function filter() {
  filters.open = true;
  filters.querySelector("select").focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  n: () => queue.querySelector("[data-next]")?.click(),
  "/": filter,
  "?": () => void (keys.open = !keys.open),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
