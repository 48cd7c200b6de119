// Who is here, and requests in their name. The page may be older than its token, or come from the
// service worker, which knows nobody: then the server is asked anew.
import { belongsTo, whose } from "../store.js";
import { nowKeepsFor } from "../who.js";
import { Vault } from "./vault.js";

export class SignedOut extends Error {}

export class Session {
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.isShell = document.querySelector("[data-shell]") !== null;
    this.csrf = document.querySelector('meta[name="csrf-token"]').content;
    const meta = document.querySelector('meta[name="owner"]');
    this.owner = meta ? meta.content : "";
    this.vault = null; // what this person keeps here; null while nobody is known
  }

  async start() {
    const me = await whose();
    if (me && (this.isShell || me.owner === this.owner)) return this.open(me.owner, me.key);
    return this.refresh().catch(() => {});
  }

  open(owner, key) {
    this.owner = owner;
    this.vault = new Vault(owner, key);
  }

  // {owner, key, csrf} of whoever is signed in; raises SignedOut, and TypeError without a network.
  async refresh() {
    const answer = await fetch(this.endpoint, { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store" });
    if (answer.status === 401) throw new SignedOut();
    if (!answer.ok) throw new TypeError(`answered ${answer.status}`);
    const me = await answer.json();
    this.csrf = me.csrf;
    if (this.owner && me.owner !== this.owner) return void location.reload(); // another person signed in meanwhile
    const key = await imported(me.key);
    await belongsTo({ owner: me.owner, key, language: document.documentElement.lang }).catch(() => {});
    nowKeepsFor(me.owner);
    if (!this.vault) this.open(me.owner, key);
    return undefined;
  }

  // The server's answer as {status, value}; raises as refresh() does.
  async post(url, body, headers = {}, again = true) {
    if (!this.csrf) await this.refresh();
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers, Accept: "application/json", "X-CSRFToken": this.csrf },
      credentials: "same-origin",
    });
    const value = await answer.json().catch(() => ({}));
    if (answer.status === 401) throw new SignedOut();
    if (answer.status === 400 && value.code === "csrf" && again) {
      await this.refresh();
      return this.post(url, body, headers, false);
    }
    if (answer.status >= 500) throw new TypeError(`answered ${answer.status}`);
    return { status: answer.status, value };
  }
}

// Without TLS a browser has no cryptography: then things are kept as they are.
async function imported(text) {
  if (!window.crypto || !crypto.subtle) return null;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}
