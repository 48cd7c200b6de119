// How much may still be sent, told before a file is chosen.
import { say, size } from "./words.js";

// {bytesLeft, clipsLeft}: Infinity where the server sets no bound or does not tell.
export async function room(url, place) {
  const unknown = { bytesLeft: Infinity, clipsLeft: Infinity };
  let told;
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) return unknown;
    told = await answer.json();
  } catch {
    return unknown;
  }
  const bytesLeft = bound(told.bytes_left);
  const clipsLeft = bound(told.clips_left);
  const shared = say(`room_${told.by}`);
  const whose = shared ? ` ${shared}` : "";
  if (!clipsLeft || !bytesLeft) place.textContent = say("room_none", { whose });
  else {
    const parts = [];
    if (clipsLeft !== Infinity) parts.push(say("room_clips", { n: clipsLeft }));
    if (bytesLeft !== Infinity) parts.push(size(bytesLeft));
    if (parts.length) place.textContent = say("room", { what: parts.join(", "), whose });
  }
  place.hidden = !place.textContent;
  return { bytesLeft, clipsLeft };
}

const bound = (value) => (typeof value === "number" ? Math.max(0, value) : Infinity);
