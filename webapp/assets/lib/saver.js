// Whether this person saves data: their own word, else what the phone says.
const NAME = "lantoa.saver";

export function saves() {
  const said = remembered();
  if (said) return said === "on";
  return Boolean(navigator.connection && navigator.connection.saveData);
}

export function remember(on) {
  try {
    localStorage.setItem(NAME, on ? "on" : "off");
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

function remembered() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}
