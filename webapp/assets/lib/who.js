// Every page says whose it is. When that is another person than the one whom this browser keeps
// things for, or nobody, those are cleared.
import { forget } from "./store.js";

const OWNER = "lantoa.owner";
export const TYPED = "lantoa.typed"; // of this tab: what was typed a moment ago

export function nowKeepsFor(owner) {
  try {
    localStorage.setItem(OWNER, owner);
  } catch {
    // A browser that keeps nothing has nothing to clear.
  }
}

export async function checkWho() {
  const meta = document.querySelector('meta[name="owner"]');
  if (!meta) return; // a page that does not know
  try {
    const before = localStorage.getItem(OWNER);
    if (!before || before === meta.content) return;
    sessionStorage.removeItem(TYPED);
    await forget(meta.content);
    localStorage.removeItem(OWNER);
  } catch {
    // The next page tries again.
  }
}
