// A page that is loaded again by itself goes on where the clip was.
const NAME = "lantoa.place";
const FRESH = 15000; // ms

export function keep(place) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ ...place, path: location.pathname, when: Date.now() }));
  } catch {
    // Nothing is kept: the clip begins anew.
  }
}

// {at, playing, rate} of this page a moment ago, or null. Told once.
export function kept() {
  let found = null;
  try {
    found = JSON.parse(sessionStorage.getItem(NAME));
    sessionStorage.removeItem(NAME);
  } catch {
    return null;
  }
  const again = performance.getEntriesByType("navigation")[0];
  if (!found || found.path !== location.pathname || Date.now() - found.when > FRESH) return null;
  return again && again.type === "reload" && found.at > 0.5 ? found : null;
}
