// "Hide the others": to the sheet of a new redaction, with the camera and the loop (or the moment) of the room.

/** Connect the link to the room's moment, and the key H to the link. */
export function mountRedact(room) {
  const link = document.querySelector('[data-act="redact"]');
  if (!link) return;
  const address = link.getAttribute("href");
  const aim = () => {
    const query = new URLSearchParams({ camera: room.chosen ?? "" });
    const { from, to } = room.loop ?? { from: room.moment, to: null };
    if (from !== null) query.set("from", String(Math.round(from)));
    if (to !== null) query.set("to", String(Math.round(to)));
    link.href = `${address}?${query}`;
  };
  room.onAct("redact", aim);
  room.onKey("h", () => !room.closed && link.click(), room.texts.keyRedact);
  room.addEventListener("closed", () => {
    link.hidden = true;
  });
}
