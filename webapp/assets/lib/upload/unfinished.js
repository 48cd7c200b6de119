// Drafts that were begun and not sent: the server's, which the page lists, and those that only this
// browser has.
import { say, when } from "./words.js";

export class Unfinished {
  constructor(box) {
    this.box = box;
    this.list = box.querySelector("ul");
  }

  async draw(vault, sends, own, clip) {
    const onTheWay = new Set(sends.map((send) => send.clip).filter(Boolean));
    for (const row of this.list.querySelectorAll("[data-clip]")) {
      row.hidden = onTheWay.has(row.dataset.clip) || row.dataset.clip === clip;
    }
    const all = vault ? await vault.all() : [];
    const here = all.filter((one) => one.kind === "draft" && !one.clip && one.dirty && one.id !== own);
    for (const row of this.list.querySelectorAll("[data-local]")) row.remove();
    for (const draft of here) this.list.append(this.row(draft));
    this.box.hidden = ![...this.list.children].some((row) => !row.hidden);
  }

  row(draft) {
    const row = this.box.querySelector("template").content.firstElementChild.cloneNode(true);
    const link = row.querySelector("a");
    link.href = `${link.getAttribute("href")}?draft=${encodeURIComponent(draft.id)}`;
    link.textContent = draft.title || say("untitled");
    row.querySelector("[data-when]").textContent = say("only_here", { time: when(draft.at) });
    return row;
  }
}
