// The form's fields: read, filled in, marked with what is wrong.
const OWN = ["csrf_token", "file", "clip"]; // not the person's words

export class Fields {
  constructor(form, people) {
    this.form = form;
    this.people = people;
    this.blank = JSON.parse(form.dataset.blank || "[]");
    form.addEventListener("input", (event) => this.forgive(event.target));
  }

  // [[name, value], ...] of all that was typed or chosen.
  entries() {
    return [...new FormData(this.form)].filter(([name, value]) => !OWN.includes(name) && typeof value === "string");
  }

  get isBlank() {
    return this.isSameAs(this.blank);
  }

  isSameAs(entries) {
    return told(this.entries()) === told(entries);
  }

  get title() {
    const field = this.form.elements.title;
    return field ? field.value.trim() : "";
  }

  get clip() {
    return this.form.elements.clip ? this.form.elements.clip.value : "";
  }

  set clip(id) {
    if (this.form.elements.clip) this.form.elements.clip.value = id;
  }

  fill(entries) {
    this.mark({});
    if (this.people) {
      const rows = entries.map(([name]) => name.match(/^people-(\d+)-/)).filter(Boolean).map(([, n]) => Number(n));
      this.people.reset(new Set(rows));
    }
    for (const field of this.form.elements) {
      if (!field.name || OWN.includes(field.name) || field.type === "file") continue;
      const values = entries.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (values.length) [field.value] = values;
    }
  }

  empty() {
    this.fill(this.blank);
    this.clip = "";
  }

  mark(errors) {
    for (const field of this.form.querySelectorAll("[aria-invalid]")) untold(field);
    for (const list of this.form.querySelectorAll(".errors")) list.remove();
    const fields = Object.entries(errors).map(([name, text]) => this.tell(name, text)).filter(Boolean);
    if (fields.length) fields[0].focus();
  }

  tell(name, text) {
    const [part, row, inner] = name.split(".");
    const field = this.form.elements[inner ? `${part}-${row}-${inner}` : part];
    const one = field instanceof RadioNodeList ? field[0] : field;
    if (!one) return null;
    const note = document.createElement("p");
    note.className = "errors";
    note.id = `${one.id || name}-wrong`;
    note.textContent = text;
    one.setAttribute("aria-invalid", "true");
    one.setAttribute("aria-describedby", note.id);
    one.closest(".field, .person").append(note);
    return one;
  }

  // A field that is being mended is no longer told off.
  forgive(field) {
    if (!field.hasAttribute || !field.hasAttribute("aria-invalid")) return;
    untold(field);
    for (const told of field.closest(".field, .person").querySelectorAll(".errors")) told.remove();
    if (!this.form.querySelector("[aria-invalid]")) this.form.dispatchEvent(new Event("mended"));
  }
}

const told = (entries) => entries.map(([name, value]) => JSON.stringify([name, value.trim()])).sort().join();

function untold(field) {
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}

export function asForm(entries, clip) {
  const data = new FormData();
  for (const [name, value] of entries) data.append(name, value);
  data.append("clip", clip || "");
  return data;
}
