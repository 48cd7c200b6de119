// The claim lives while the desk is open and is given back when it is left.
const EVERY = 60000; // ms

export function holdClaim({ claimUrl, leaveUrl }, csrf, onLost) {
  if (!claimUrl) return;
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(claimUrl, { method: "POST", headers: { "X-CSRFToken": csrf } }).catch(() => null);
    if (answer && answer.status === 409) onLost();
  }, EVERY);
  let kept = false;
  const keep = () => void (kept = true);
  // A decision leads on by itself; the dialog of the keys only closes.
  document.addEventListener("submit", (event) => event.target.method === "post" && keep());
  // From one page of the same desk to another the claim goes along.
  document.addEventListener("click", (event) => event.target.closest("[data-keeps-claim]") && keep());
  window.addEventListener("pagehide", () => {
    const data = new FormData();
    data.append("csrf_token", csrf);
    if (!kept) navigator.sendBeacon(leaveUrl, data);
  });
}
