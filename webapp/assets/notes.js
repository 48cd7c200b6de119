// The owner's page: notes lead to their moment, and answers are kept as they are given.
const section = document.querySelector("[data-noted]");
const video = document.querySelector(".player video");
const PAUSE = 800; // ms after the last letter

// Notes are in the clip's own time; the finished film of an acted scene begins with a card.
const card = () => (video.dataset.plays && video.dataset.plays !== "preview" ? parseFloat(video.dataset.card) || 0 : 0);

function seek(at) {
  const go = () => void (video.currentTime = at + card());
  if (video.readyState > 0) go();
  else {
    video.addEventListener("loadedmetadata", go, { once: true });
    video.play().catch(() => {}); // nothing is loaded before
  }
  video.scrollIntoView({ block: "center", behavior: "smooth" });
}

if (section && video) {
  for (const hidden of section.querySelectorAll("[data-seek][hidden], [data-noted-line]")) hidden.hidden = false;
  for (const button of section.querySelectorAll("button[data-seek]")) {
    // The button says the time; once is enough.
    const told = button.parentElement.querySelector("strong.number");
    if (told) told.hidden = true;
  }
  section.addEventListener("click", (event) => {
    const target = event.target.closest("[data-seek]");
    if (target) seek(parseFloat(target.dataset.seek));
  });
}

const form = section && section.querySelector("[data-answers]");
if (form) {
  const told = form.querySelector("[data-answers-told]");
  let waiting = 0;
  let typed = 0; // what is said of an answer is not said of what was typed after it
  const save = async () => {
    const saved = typed;
    const sent = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Script": "yes", Accept: "application/json" },
    }).catch(() => null);
    if (saved === typed) told.textContent = sent && sent.ok ? told.dataset.saved : told.dataset.unsaved;
  };
  const soon = (pause) => {
    clearTimeout(waiting);
    waiting = setTimeout(save, pause);
  };
  form.addEventListener("input", (event) => {
    told.textContent = "";
    typed += 1;
    // Who says why has said that nothing was changed, unless they said otherwise.
    const field = event.target.closest("fieldset");
    const isText = event.target.matches("textarea");
    if (isText && event.target.value.trim() && !field.querySelector("input:checked")) {
      field.querySelector('input[value="kept"]').checked = true;
    }
    soon(isText ? PAUSE : 0);
  });
}
