// From a disk there are no modules and no caption files: one plain script, and cues made here.
"use strict";

// "mat khau" finds "mật khẩu", and "dao duc" finds "đạo đức".
function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();
}

function search() {
  const form = document.getElementById("search");
  if (!form) return;
  const words = document.getElementById("words");
  const topic = document.getElementById("topic");
  const told = document.getElementById("told");
  const cards = Array.from(document.querySelectorAll(".cards li"), (card) => ({
    card,
    words: folded(card.dataset.words),
    topics: card.dataset.topics.split("|"),
  }));
  function show() {
    const wanted = folded(words.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of cards) {
      const fits = wanted.every((word) => one.words.includes(word))
        && (!topic.value || one.topics.includes(topic.value));
      one.card.hidden = !fits;
      count += fits;
    }
    told.textContent = wanted.length || topic.value
      ? (count ? `${count} clip` : "Không tìm thấy clip nào. Thử từ khác nhé.") : "";
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", show);
  topic.addEventListener("change", show);
  show();
}

function seconds(text) {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

function captions() {
  const video = document.querySelector("video");
  if (!video || !window.CAPTIONS) return;
  for (const [language, text] of Object.entries(window.CAPTIONS)) {
    const track = video.addTextTrack("captions", language, language);
    for (const block of text.replace(/\r/g, "").trim().split(/\n\n+/)) {
      const lines = block.split("\n");
      const at = lines.findIndex((line) => line.includes("-->"));
      if (at < 0) continue;
      const times = lines[at].match(/([\d:.]+)\s*-->\s*([\d:.]+)/);
      if (times) track.addCue(new VTTCue(seconds(times[1]), seconds(times[2]), lines.slice(at + 1).join("\n")));
    }
    track.mode = language === "vi" ? "showing" : "disabled";
  }
}

search();
captions();
