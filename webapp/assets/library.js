// Suggestions below the search field, as a listbox that the arrows walk through.
const form = document.querySelector("[data-suggest]");
const field = form.querySelector("input[type=search]");
const list = form.querySelector("#suggested");
const WAIT = 200; // ms after the last letter
let timer = 0;
let asked = null; // the request that is on its way
let chosen = -1;

field.setAttribute("role", "combobox");
field.setAttribute("aria-controls", list.id);
field.setAttribute("aria-autocomplete", "list");
close();

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
});
field.addEventListener("keydown", (event) => {
  const { length } = list.children;
  if (event.key === "Escape" && !list.hidden) close();
  else if (event.key === "ArrowDown" && length) choose((chosen + 1) % length);
  else if (event.key === "ArrowUp" && length) choose((chosen + length - 1 + (chosen < 0)) % length);
  else if (event.key === "Enter" && chosen >= 0) list.children[chosen].firstChild.click();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (!form.contains(event.target)) close();
});

async function ask() {
  if (asked) asked.abort();
  const words = field.value.trim();
  if (words.length < 2) return close();
  asked = new AbortController();
  try {
    const url = `${form.dataset.suggest}?q=${encodeURIComponent(words)}`;
    const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "application/json" } });
    if (answer.ok) show(await answer.json());
  } catch {
    close(); // no network, or another letter came: the form still works
  }
  return undefined;
}

function show(found) {
  list.replaceChildren(...found.map(line));
  chosen = -1;
  list.hidden = !found.length;
  field.setAttribute("aria-expanded", String(!list.hidden));
  field.removeAttribute("aria-activedescendant");
}

function line({ title, url }, number) {
  const item = document.createElement("li");
  item.id = `suggested-${number}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  const link = document.createElement("a");
  link.href = url;
  link.tabIndex = -1;
  link.textContent = title;
  item.append(link);
  return item;
}

function choose(number) {
  chosen = number;
  [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === number)));
  list.hidden = false;
  field.setAttribute("aria-activedescendant", `suggested-${number}`);
}

function close() {
  show([]);
}
