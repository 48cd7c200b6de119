// On the pages that list a person's clips: those that this browser has only sent in part. The server
// may know nothing of them yet.
import { whose } from "./lib/store.js";
import { Vault } from "./lib/upload/vault.js";
import { megabytes, say } from "./lib/upload/words.js";

const box = document.querySelector("[data-halfsent]");

async function tell() {
  const me = await whose();
  const meta = document.querySelector('meta[name="owner"]');
  if (!me || !meta || me.owner !== meta.content) return;
  const sends = (await new Vault(me.owner, me.key).all()).filter((one) => one.kind === "send");
  const template = box.querySelector("template").content.firstElementChild;
  for (const send of sends.reverse()) {
    const row = template.cloneNode(true);
    const sent = say("sent", { sent: megabytes(send.sent), total: megabytes(send.size) });
    row.querySelector("[data-title]").textContent = send.title || send.name;
    row.querySelector("[data-sent]").textContent = send.paused ? `${say("paused")} · ${sent}` : sent;
    box.querySelector("ul").append(row);
  }
  box.hidden = !sends.length;
}

tell();
