// The rows of people: added, removed, and filled in again from a draft.
export class People {
  constructor(box) {
    this.box = box;
    this.list = box.querySelector("[data-people]");
    this.row = box.querySelector("template").innerHTML;
    this.next = this.list.children.length;
    box.querySelector("[data-add-person]").addEventListener("click", () => this.add());
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove-person]");
      if (button) this.remove(button.closest(".person"));
    });
  }

  add() {
    this.insert(this.next);
    this.list.lastElementChild.querySelector("input").focus();
    this.changed();
  }

  insert(index) {
    this.list.insertAdjacentHTML("beforeend", this.row.replace(/__N__/g, String(index)));
    this.next = Math.max(this.next, index + 1);
  }

  remove(row) {
    row.remove();
    this.changed();
    this.box.querySelector("[data-add-person]").focus();
  }

  // The rows that a draft has, empty: {0, 2, 3}.
  reset(indexes) {
    this.list.textContent = "";
    this.next = 0;
    for (const index of indexes) this.insert(index);
  }

  changed() {
    this.box.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
