// What this browser keeps, in IndexedDB: whose it is ("me"), small sealed records, and clips that
// are on their way. Used by the pages and by the service worker.
const NAME = "lantoa";
const MONTH = 30 * 24 * 3600 * 1000; // ms: what nobody touched for so long goes
export const CACHES = "lantoa-"; // how the names of our caches begin

let opened = null;

function open() {
  opened = opened || new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("me");
      asked.result.createObjectStore("records", { keyPath: "id" });
      asked.result.createObjectStore("files", { keyPath: "id" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => (opened = null));
  return opened;
}

async function within(store, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode);
    const asked = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

export const read = (store, key) => within(store, "readonly", (rows) => rows.get(key));
export const readAll = (store) => within(store, "readonly", (rows) => rows.getAll());
export const write = (store, value, key) => within(store, "readwrite", (rows) => rows.put(value, key));
export const erase = (store, key) => within(store, "readwrite", (rows) => rows.delete(key));

// {owner, key, language} of the person whose browser this is, or null.
export const whose = () => read("me", "me").then((found) => found || null, () => null);
export const belongsTo = (me) => write("me", me, "me");

// Another person is here now, or nobody ("" or null): clips and the key go; sealed words stay, which
// only the same person's key opens again.
export async function forget(owner) {
  const me = await whose();
  if (me && me.owner !== owner) await erase("me", "me");
  for (const file of await readAll("files")) if (file.owner !== owner) await erase("files", file.id);
  for (const record of await readAll("records")) {
    if (Date.now() - record.at > MONTH) await erase("records", record.id);
  }
  if (typeof caches === "undefined") return;
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
}
