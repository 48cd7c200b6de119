// Notes that are being written: rows of the form, each tied to a time.
const seconds = (text) => parseFloat(text.replace(",", "."));

export class Notes {
  constructor(desk, video, onChange) {
    this.video = video;
    this.onChange = onChange;
    this.list = desk.querySelector("[data-notes]");
    this.row = desk.querySelector("template[data-note]").innerHTML;
    this.next = this.list.children.length;
    desk.querySelector("[data-add-note]").addEventListener("click", () => this.here());
    this.list.addEventListener("input", onChange);
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-row]");
      if (event.target.closest("[data-remove-note]")) this.remove(row);
      if (event.target.closest("[data-jump]") && Number.isFinite(this.timeOf(row))) video.currentTime = this.timeOf(row);
    });
  }

  get rows() {
    return [...this.list.children];
  }

  timeOf(row) {
    return seconds(row.querySelector('input[name$="-at"]').value);
  }

  get times() {
    return this.rows.map((row) => this.timeOf(row)).filter(Number.isFinite);
  }

  // With a reason or with words: the others are not sent.
  get written() {
    return this.rows.filter((row) => row.querySelector("select").value || row.querySelector("textarea").value.trim());
  }

  isBlank(row) {
    return [...row.querySelectorAll("input, select, textarea")].every((field) => !field.value);
  }

  remove(row) {
    row.remove();
    this.list.dispatchEvent(new Event("input", { bubbles: true }));
    this.onChange();
  }

  // A blank row: one that is there, or a new one.
  blank() {
    const there = this.rows.find((row) => this.isBlank(row));
    if (there) return there;
    this.list.insertAdjacentHTML("beforeend", this.row.replace(/__N__/g, String(this.next)));
    this.next += 1;
    return this.list.lastElementChild;
  }

  here() {
    this.video.pause();
    const row = this.blank();
    row.querySelector('input[name$="-at"]').value = this.video.currentTime.toLocaleString(
      document.documentElement.lang,
      { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false },
    );
    row.querySelector("select").focus();
    row.scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.onChange();
  }
}
