// Whether somebody is there. Only hands count: footage that plays to an empty chair keeps no viewing open.

const LOOK_MS = 60_000;
const WARN_MS = 60_000;
const USES = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove"];

// A browser also tells of a pointer that lies still when something moves under it.
const isUse = (event) => event.isTrusted && !(event.type === "pointermove" && !event.movementX && !event.movementY);

/** Tell the server of a viewing when somebody uses this page, at most so often, and `last(told)` what it says of
 * the time left. `warn(true)` a minute before it closes for want of anybody, `warn(false)` when somebody came;
 * `over()` when nobody did. Another page of the same viewing may be the one that is used: the server is asked. */
export function mountPresence(room, { alive, close, idleSeconds, last, warn, over }) {
  const idle = idleSeconds * 1000;
  const each = idle / 40; // as often as it is told of use, at most
  let closes = performance.now() + idle;
  let used = performance.now();
  let told = used;
  let looked = used;
  let warned = false;
  let asking = false;

  async function ask(here) {
    if (room.closed || asking) return;
    asking = true;
    const now = performance.now();
    // A refusal that ends the viewing closes the room by itself; anything else is asked again.
    const answer = await room.ask(alive, { form: here ? { here: "1" } : {} }).catch(() => null);
    asking = false;
    looked = now;
    if (!answer || room.closed) return;
    if (here) told = now;
    const said = await answer.json();
    closes = performance.now() + said.idle_left * 1000;
    last(said);
  }

  async function tick() {
    if (room.closed) return;
    const now = performance.now();
    if (used > told && now - told >= each) await ask(true);
    else if (now - looked >= LOOK_MS && !document.hidden) await ask(false);
    const lead = Math.min(WARN_MS, idle / 2);
    if (!warned && performance.now() >= closes - lead) await ask(used > told);
    const late = performance.now() >= closes - lead && used <= told;
    if (late !== warned) warn((warned = late));
    if (performance.now() < closes || used > told) return;
    await ask(false);
    if (performance.now() < closes || room.closed) return;
    over();
    await room.ask(close, { form: { idle: "1" } }).catch(() => null);
  }

  const use = (event) => {
    if (!isUse(event)) return;
    used = performance.now();
    if (warned) tick();
  };
  const back = () => !document.hidden && ask(false);
  for (const name of USES) document.addEventListener(name, use, { capture: true, passive: true });
  document.addEventListener("visibilitychange", back);
  const second = setInterval(tick, Math.min(1000, each));
  room.addEventListener("closed", () => {
    clearInterval(second);
    document.removeEventListener("visibilitychange", back);
    for (const name of USES) document.removeEventListener(name, use, { capture: true });
    if (warned) warn((warned = false));
  });
}
