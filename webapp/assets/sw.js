// The service worker: the submit page and its assets without a network, and a page that says so for
// all others. It keeps pages that are made for nobody in particular, never a person's page or media.
import { CACHES, forget, whose } from "./lib/store.js";

const { version, files, pages } = self.LANTOA;
const CACHE = CACHES + version;
const PATIENCE = 10000; // ms for the submit page; then the kept one, which is as good
const everything = [...files, ...Object.values(pages.shell), ...Object.values(pages.offline)];

// Without cookies: nothing of the person can get in.
async function fill() {
  const cache = await caches.open(CACHE);
  await Promise.all(everything.map(async (url) => {
    if (await cache.match(url, { ignoreVary: true })) return;
    const answer = await fetch(url, { credentials: "omit" });
    if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
    await cache.put(url, answer);
  }));
}

async function dropOld() {
  for (const name of await caches.keys()) {
    if (name.startsWith(CACHES) && name !== CACHE) await caches.delete(name);
  }
}

const kept = (url) => caches.match(url, { ignoreVary: true, cacheName: CACHE });

async function page(kind) {
  const me = await whose();
  const language = (me && me.language) || (navigator.language.startsWith("vi") ? "vi" : "en");
  return (await kept(pages[kind][language] || pages[kind].vi)) || Response.error();
}

async function submitPage(request) {
  const network = fetch(request);
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  const answer = await Promise.race([network, patience]).catch(() => null);
  if (answer) return answer;
  const shell = await page("shell");
  return shell.ok ? shell : network;
}

const elsewhere = (request) => fetch(request).catch(() => page("offline"));

// Only when the server has ended the session: it answers by sending the browser elsewhere.
async function signOut(request) {
  const answer = await fetch(request);
  if (answer.type === "opaqueredirect") await forget(null).catch(() => {});
  return answer;
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && pathname === "/sign-out") return event.respondWith(signOut(request));
  if (request.method !== "GET") return;
  if (files.includes(pathname)) {
    return event.respondWith(kept(pathname).then((found) => found || fetch(request)));
  }
  if (request.mode !== "navigate") return;
  event.respondWith(pathname === "/submit" ? submitPage(request) : elsewhere(request));
});

// An upload can only go on in a page: those that are open are told that there is a network again.
self.addEventListener("sync", (event) => {
  event.waitUntil(self.clients.matchAll({ type: "window" }).then((open) => {
    for (const client of open) client.postMessage("resume");
  }));
});

self.addEventListener("message", (event) => {
  if (event.data === "fill") event.waitUntil(fill().catch(() => {}));
});
