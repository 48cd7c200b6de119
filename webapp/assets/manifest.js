// Many clips by a spreadsheet: the server checks every row, then each file is sent after the other.
// A file's SHA-256 is the name of its draft, so that nothing is handed in twice.
import { Sender, supported } from "./lib/sender.js";
import { sha256 } from "./lib/sha256.js";

const words = JSON.parse(document.getElementById("manifest-words").textContent);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const say = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name]);
const plain = (name) => name.normalize("NFC").toLocaleLowerCase("en");

// A cell that begins like a formula is shown as text: as review/manifest/report.py does it.
const safe = (cell) => (/^[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell);
const quoted = (cell) => `"${safe(String(cell)).replace(/"/g, '""')}"`;

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

class Row {
  constructor(entry, file) {
    this.entry = entry;
    this.file = file;
    this.result = entry.wrong.length ? "wrong" : "unsent";
    this.told = entry.wrong.map((w) => say(w.column ? "cell" : "row", w)).join("; ");
    this.clip = "";
    this.item = element("li", "manifest-row");
    const head = element("p", "manifest-head");
    head.append(element("span", "number soft", `${entry.row}`), element("strong", "", entry.title || "–"));
    head.append(element("span", "small soft", entry.file));
    this.state = element("p", "small manifest-state");
    this.bar = element("progress");
    this.bar.max = 1;
    this.bar.hidden = true;
    this.item.append(head, this.state, this.bar);
    if (entry.wrong.length) this.item.append(this.errors());
    this.show(this.result);
  }

  errors() {
    const list = element("ul", "errors");
    for (const wrong of this.entry.wrong) {
      list.append(element("li", "", say(wrong.column ? "cell" : "row", wrong)));
    }
    return list;
  }

  show(result, text) {
    this.result = result;
    this.item.dataset.result = result;
    this.state.textContent = text || (result === "unsent" ? "" : words.results[result]);
    this.state.hidden = !this.state.textContent;
  }

  end(result, told, clip) {
    this.told = told || "";
    this.clip = clip || this.clip;
    this.bar.hidden = true;
    this.show(result, [words.results[result], told].filter(Boolean).join(": "));
    if (!clip) return;
    const link = element("a", "", words.open);
    link.href = clip;
    this.state.append(" · ", link);
  }
}

// The page may be open for longer than its token is good for.
class Token {
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.csrf = csrf;
  }

  async refresh() {
    const answer = await fetch(this.endpoint, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.ok) this.csrf = (await answer.json()).csrf;
  }
}

class Page {
  constructor(form) {
    this.form = form;
    this.table = form.querySelector("#manifest");
    this.clips = form.querySelector("#clips");
    this.trouble = form.querySelector("[data-trouble]");
    this.summary = document.querySelector("[data-summary]");
    this.list = document.querySelector("[data-rows]");
    this.result = document.querySelector("[data-result]");
    this.skip = document.querySelector("[data-skip]");
    this.send = document.querySelector("[data-send]");
    this.session = new Token(form.dataset.me);
    this.report = document.querySelector("[data-report]");
    this.rows = [];
    this.round = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    for (const input of [this.table, this.clips]) {
      input.addEventListener("change", () => this.check());
      // The table is mended and chosen again: a browser tells no change of the same name.
      input.addEventListener("click", () => (input.value = ""));
    }
    this.skip.querySelector("input").addEventListener("change", () => this.offer());
    this.send.addEventListener("click", () => this.sendAll());
    this.report.addEventListener("click", () => this.download());
    window.addEventListener("beforeunload", (event) => this.sending && event.preventDefault());
  }

  show(text) {
    this.trouble.hidden = !text;
    this.trouble.textContent = text || "";
  }

  async check() {
    const files = Array.from(this.clips.files);
    for (const [input, told] of [[this.table, "[data-table-name]"], [this.clips, "[data-clips-name]"]]) {
      const names = Array.from(input.files).map((f) => f.name);
      const line = this.form.querySelector(told);
      line.hidden = !names.length;
      line.textContent = names.length > 1 ? say("count", { n: names.length }) : names[0] || "";
    }
    if (this.sending || !this.table.files.length) return;
    this.round += 1;
    const { round } = this;
    const data = new FormData();
    data.append("csrf_token", csrf);
    data.append("manifest", this.table.files[0]);
    data.append("files", JSON.stringify(files.map((f) => ({ name: f.name, size: f.size }))));
    this.result.hidden = true;
    this.show(null);
    const answer = await this.ask("POST", this.form.action, data);
    if (round !== this.round) return; // another choice was made meanwhile
    if (!answer.ok) return void this.show((answer.value.wrong || [answer.value.title || words.server]).join(" "));
    this.delimiter = answer.value.delimiter;
    const byName = new Map(files.map((f) => [plain(f.name), f]));
    this.rows = answer.value.entries.map((e) => new Row(e, byName.get(e.name)));
    this.list.replaceChildren(...this.rows.map((r) => r.item));
    this.result.hidden = false;
    this.report.hidden = false;
    this.offer();
  }

  // {ok, status, value}; a server that does not answer is told like one that refuses.
  async ask(method, url, body) {
    const headers = { Accept: "application/json", "X-CSRFToken": csrf };
    if (typeof body === "string") headers["Content-Type"] = "application/json";
    try {
      const answer = await fetch(url, { method, body, headers, credentials: "same-origin" });
      return { ok: answer.ok, status: answer.status, value: await answer.json() };
    } catch {
      return { ok: false, status: 0, value: { title: navigator.onLine ? words.server : words.offline } };
    }
  }

  offer() {
    const wrong = this.rows.filter((r) => r.result === "wrong").length;
    const right = this.rows.filter((r) => r.result === "unsent").length;
    const skipped = this.skip.querySelector("input").checked;
    this.skip.hidden = !wrong || !right;
    this.send.disabled = this.sending || !right || (wrong > 0 && !skipped);
    this.send.textContent = say("send", { n: right });
    this.send.hidden = !right;
    this.summary.textContent = wrong
      ? say("wrong", { n: wrong, total: this.rows.length })
      : say("right", { total: this.rows.length });
    this.summary.className = wrong ? "note bad" : "note good";
  }

  async sendAll() {
    if (this.sending) return;
    this.sending = true;
    for (const input of [this.table, this.clips, this.skip.querySelector("input")]) input.disabled = true;
    this.send.disabled = true;
    for (const row of this.rows.filter((r) => r.result === "unsent")) {
      if (!(await this.handIn(row))) break;
    }
    this.sending = false;
    for (const input of [this.table, this.clips, this.skip.querySelector("input")]) input.disabled = false;
    this.finish();
  }

  finish() {
    const count = (name) => this.rows.filter((r) => r.result === name).length;
    this.offer();
    const rest = count("unsent") + count("wrong");
    this.summary.textContent = say("finished", { sent: count("sent"), there: count("there"), rest });
    this.summary.className = rest ? "note warn" : "note good";
    this.summary.scrollIntoView({ block: "center", behavior: "smooth" });
    if (count("unsent")) this.send.textContent = words.again;
  }

  // Whether to go on with the next one.
  async handIn(row) {
    row.item.scrollIntoView({ block: "nearest", behavior: "smooth" });
    row.bar.hidden = false;
    row.show("unsent", words.reading);
    let name;
    try {
      name = await sha256(row.file, (read) => (row.bar.value = read / row.file.size / 10));
    } catch {
      row.end("unsent", words.unreadable);
      return true;
    }
    const drafts = `${this.form.dataset.drafts}/${name}`;
    const answer = await this.ask("PUT", drafts, JSON.stringify(row.entry.body));
    if (!answer.ok) {
      const told = Object.values(answer.value.errors || {}).join(" ") || answer.value.title;
      row.end("unsent", told);
      return ![0, 401, 429, 503].includes(answer.status);
    }
    const page = this.form.dataset.page + answer.value.id;
    if (answer.value.state !== "draft") {
      row.end("there", "", page);
      return true;
    }
    return this.upload(row, answer.value.id, page);
  }

  upload(row, clip, page) {
    return new Promise((resolve) => {
      let over = false;
      const end = (...told) => {
        if (over) return;
        over = true;
        row.end(...told);
        resolve(true);
      };
      const sender = new Sender({
        file: row.file,
        endpoint: this.form.dataset.endpoint,
        metadata: { filename: row.file.name, clip },
        session: this.session,
        on: {
          progress: ({ sent, total }) => {
            row.bar.value = 0.1 + (0.9 * sent) / (total || 1);
            if (!over) row.show("unsent", say("sent", { n: Math.round((100 * sent) / (total || 1)) }));
          },
          state: (state, told) => {
            if (state === "refused" || state === "out") return end("unsent", told || words[state === "out" ? "out" : "server"]);
            // It goes on by itself, for as long as it takes.
            if (!over && state !== "sending") row.show("unsent", told || words[state === "offline" ? "offline" : "retry"]);
            return undefined;
          },
          url: () => {},
          done: () => end("sent", "", page),
        },
      });
      sender.go();
    });
  }

  download() {
    const rows = [words.header, ...this.rows.map((r) => this.cells(r))];
    const text = rows.map((cells) => cells.map(quoted).join(this.delimiter || ";")).join("\r\n");
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: "text/csv" }));
    link.download = "lan-toa-ket-qua.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  cells(row) {
    const clip = row.clip ? new URL(row.clip, location.href).href : "";
    return [row.entry.row, row.entry.file, row.entry.title, words.results[row.result], row.told, clip];
  }
}

const form = document.querySelector("form[data-manifest]");
if (form && supported) new Page(form);
