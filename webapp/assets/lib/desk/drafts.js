// What is typed on the desk outlives a closed or reloaded page: it is kept in this tab until the
// decision was taken. What the server gave back is newer and stays.
const PREFIX = "desk-draft:";

function named(form) {
  return [...form.elements].filter((field) => /^(notes|checklist)-/.test(field.name));
}

export class Drafts {
  constructor(form, { clip, revision, addRow }) {
    const owner = document.querySelector('meta[name="owner"]');
    this.mine = `${PREFIX}${owner ? owner.content : ""}:`;
    this.key = `${this.mine}${clip}:${revision}`;
    this.form = form;
    this.addRow = addRow;
    this.tidy();
    if (!form.hasAttribute("data-returned")) this.restore();
    for (const kind of ["input", "change"]) form.addEventListener(kind, () => this.save());
  }

  // Another person's drafts, and those whose decision was sent and did not come back.
  tidy() {
    const keys = Array.from({ length: sessionStorage.length }, (_, i) => sessionStorage.key(i));
    for (const key of keys.filter((name) => name.startsWith(PREFIX))) {
      const { sent } = JSON.parse(sessionStorage.getItem(key) || "{}");
      if (!key.startsWith(this.mine) || sent) sessionStorage.removeItem(key);
    }
  }

  save(sent = false) {
    const fields = {};
    for (const field of named(this.form)) {
      if (field.type === "radio" ? field.checked : field.value) fields[field.name] = field.value;
    }
    if (Object.keys(fields).length) sessionStorage.setItem(this.key, JSON.stringify({ fields, sent }));
    else sessionStorage.removeItem(this.key);
  }

  restore() {
    const { fields = {} } = JSON.parse(sessionStorage.getItem(this.key) || "{}");
    const numbers = Object.keys(fields).map((name) => /^notes-(\d+)-/.exec(name)).filter(Boolean);
    const rows = new Map();
    for (const [, number] of numbers) if (!rows.has(number)) rows.set(number, this.addRow());
    for (const [name, value] of Object.entries(fields)) {
      const note = /^notes-(\d+)-(\w+)$/.exec(name);
      if (note) rows.get(note[1]).querySelector(`[name$="-${note[2]}"]`).value = value;
      else for (const field of named(this.form)) if (field.name === name) field.checked = field.value === value;
    }
  }
}
