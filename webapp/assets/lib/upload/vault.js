// What one person keeps in this browser. Records are sealed with the person's key: on a phone that
// others use, too, nobody else reads them. Clips are not sealed; they go when the person does.
import { erase, read, readAll, write } from "../store.js";

const SPARE = 0.7; // of what the browser grants: a full store would take drafts along

export class Vault {
  constructor(owner, key) {
    this.owner = owner;
    this.key = key;
  }

  // Raises where the browser keeps nothing.
  async put(id, value) {
    await write("records", { id, owner: this.owner, at: Date.now(), ...(await this.sealed(value)) });
  }

  async sealed(value) {
    if (!this.key) return { plain: value };
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(value));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, text) };
  }

  async opened(record) {
    if (!record || record.owner !== this.owner) return null;
    if (record.plain) return { ...record.plain, id: record.id, at: record.at };
    try {
      const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: record.iv }, this.key, record.data);
      return { ...JSON.parse(new TextDecoder().decode(text)), id: record.id, at: record.at };
    } catch {
      return null; // sealed by another installation
    }
  }

  async get(id) {
    return this.opened(await read("records", id).catch(() => null));
  }

  // All of this person's records, the newest first.
  async all() {
    const found = await Promise.all((await readAll("records").catch(() => [])).map((one) => this.opened(one)));
    return found.filter(Boolean).sort((a, b) => b.at - a.at);
  }

  remove(id) {
    return erase("records", id).catch(() => {});
  }

  // Whether the clip is kept here: sending then goes on without choosing it again.
  async keepFile(id, file) {
    try {
      const { quota = Infinity, usage = 0 } = navigator.storage ? await navigator.storage.estimate() : {};
      if (file.size > (quota - usage) * SPARE) return false;
      await write("files", { id, owner: this.owner, file });
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
      return true;
    } catch {
      return false;
    }
  }

  async file(id) {
    const found = await read("files", id).catch(() => null);
    if (!found || found.owner !== this.owner) return null;
    // A copy whose bytes the browser has dropped is none.
    return found.file.slice(0, 1).arrayBuffer().then(() => found.file, () => null);
  }

  dropFile(id) {
    return erase("files", id).catch(() => {});
  }
}
