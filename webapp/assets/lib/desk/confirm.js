// A decision is taken in two steps: what will be recorded is said first, then Enter takes it.
export class Confirm {
  // `facts(action)`: lines to tell; `refuse(action)`: a sentence, or "" where it may be taken.
  constructor(form, words, { facts, refuse, focusFor }) {
    Object.assign(this, { form, words, facts, refuse, focusFor });
    this.box = form.querySelector("[data-confirm]");
    this.yes = form.querySelector("[data-confirm-yes]");
    this.told = form.querySelector("[data-told]");
    this.verdicts = form.querySelector("[data-verdicts]");
    this.escalate = form.querySelector("[data-escalate]");
    this.action = "";
    this.back = null;
    form.addEventListener("submit", (event) => this.submit(event), true);
    form.querySelector("[data-confirm-no]").addEventListener("click", () => this.close());
    form.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen() {
    return !this.box.hidden;
  }

  offers(action) {
    return this.form.querySelector(`button[name="action"][value="${action}"]`);
  }

  // By a key, or by the button itself.
  open(action) {
    if (!this.offers(action)) return;
    const trouble = this.refuse(action);
    if (trouble && action === "approve") {
      this.close();
      this.tell(trouble);
      // The focus stays where it was: the next space plays, and presses no button.
      return void this.told.scrollIntoView({ block: "nearest" });
    }
    this.tell(trouble);
    this.action = action;
    this.yes.type = "submit";
    this.yes.className = `button grow ${action === "approve" ? "good" : action === "request_changes" ? "main" : "bad"}`;
    this.yes.textContent = this.words.confirm[action];
    this.box.querySelector("h3").textContent = this.words.title[action].replace("{title}", this.form.dataset.title);
    this.refresh();
    this.hideOthers(action);
    this.box.hidden = false;
    (this.focusFor(action) || this.yes).focus();
    this.box.scrollIntoView({ block: "nearest" });
    if (document.activeElement !== this.yes) document.activeElement.scrollIntoView({ block: "nearest" });
  }

  // What is not being decided. Of escalating the field stays; what follows of it is told in the box.
  hideOthers(action) {
    const isEscalating = action === "escalate";
    this.verdicts.hidden = action !== "";
    if (!this.escalate) return;
    this.escalate.hidden = action !== "" && !isEscalating;
    if (isEscalating) this.escalate.open = true;
    for (const part of this.escalate.querySelectorAll("[data-escalate-says], button")) part.hidden = isEscalating;
  }

  refresh() {
    if (!this.action) return;
    const list = this.box.querySelector("[data-confirm-facts]");
    list.replaceChildren(...this.facts(this.action).map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
    if (!this.refuse(this.action)) this.tell("");
  }

  tell(sentence) {
    this.told.textContent = sentence;
    this.told.hidden = !sentence;
  }

  close() {
    const { action } = this;
    this.action = "";
    this.box.hidden = true;
    this.yes.type = "button";
    this.hideOthers("");
    this.tell("");
    if (action && this.form.contains(document.activeElement)) document.activeElement.blur();
  }

  submit(event) {
    const button = event.submitter;
    if (button === this.yes && this.action) {
      const trouble = this.refuse(this.action);
      if (!trouble) return this.send();
      this.tell(trouble);
      (this.focusFor(this.action) || this.yes).focus();
    } else if (button && button.name === "action") {
      this.open(button.value);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  send() {
    // Coming back with the browser's button finds the last one still here.
    const field = this.form.querySelector("input[name=action]") || document.createElement("input");
    Object.assign(field, { type: "hidden", name: "action", value: this.action });
    this.form.append(field);
    this.form.dispatchEvent(new CustomEvent("desk:sent"));
  }

  // In a field of an open decision: on with it, without the Tab key.
  key(event) {
    if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      event.stopPropagation();
      return void this.close();
    }
    const isField = event.target.matches("input, select, textarea");
    if (event.key !== "Enter" || !isField || event.isComposing) return;
    const isText = event.target.matches("textarea");
    if (isText && !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!this.isOpen && event.target.closest("[data-escalate]")) this.open("escalate");
    if (!this.isOpen) return void event.target.blur();
    this.refresh();
    const trouble = this.refuse(this.action);
    if (trouble) this.tell(trouble);
    else this.yes.focus();
  }
}
