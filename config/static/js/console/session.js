// The session bar: how long the viewing lasts, the sign of life that keeps it open, more time, another purpose.

import { mountPresence } from "./presence.js";

const SOON_S = 300;
const LATE_S = 60;

/** Keep the bar of the room up to date, and tell the viewer in time that the session ends. */
export function mountSession(room) {
  const { facts, texts } = room;
  const part = (name) => document.querySelector(`[data-bar="${name}"]`);
  const clock = part("clock");
  const ring = Number(clock.dataset.ring);
  let whole = Number(clock.dataset.whole);
  let ends = performance.now() + facts.secondsLeft * 1000;
  let warned = Infinity; // the seconds left at which the viewer was warned last

  const left = () => Math.max(0, Math.ceil((ends - performance.now()) / 1000));

  function draw() {
    const seconds = left();
    const share = Math.min(1, seconds / whole);
    clock.querySelector(".left").setAttribute("stroke-dasharray", `${(ring * share).toFixed(1)} ${ring}`);
    clock.classList.toggle("clock--soon", seconds <= SOON_S && seconds > LATE_S);
    clock.classList.toggle("clock--late", seconds <= LATE_S);
    const words = seconds > LATE_S ? texts.left.replace("{min}", Math.ceil(seconds / 60)) : texts.leftSeconds.replace("{s}", seconds);
    const said = room.closed ? texts.leftOver : words;
    if (part("left").textContent !== said) part("left").textContent = said;
  }

  function warn() {
    const seconds = left();
    for (const [at, text] of [[LATE_S, texts.endsNow], [SOON_S, texts.endsSoon]]) {
      if (seconds > at || warned <= at) continue;
      warned = at;
      room.say(text, { tone: at === LATE_S ? "bad" : "warn" });
      return;
    }
  }

  function tick() {
    if (room.closed) return;
    draw();
    if (left() === 0) return room.close(texts.ended);
    warn();
  }

  function last(told) {
    const before = left();
    ends = performance.now() + told.seconds_left * 1000;
    if (left() > before + 30) {
      whole = Math.max(whole, left());
      warned = Infinity;
    }
    part("ends").textContent = told.ends;
    draw();
  }

  part("extend").addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const button = event.target.querySelector("button");
    if (room.closed || button.disabled) return;
    button.disabled = true;
    try {
      const told = await (await room.ask(facts.urls.extend, { form: {} })).json();
      last(told);
      room.say(told.said);
    } catch (refusal) {
      room.say(refusal.message, { tone: "bad" });
    }
    button.disabled = room.closed;
  });

  mountPurpose(room, part);
  const second = setInterval(tick, 1000);
  mountPresence(room, {
    alive: facts.urls.alive,
    close: facts.urls.close,
    idleSeconds: facts.idleSeconds,
    last,
    warn: (nobody) => (part("idle").hidden = !nobody),
    over: () => room.close(texts.idle),
  });
  room.addEventListener("closed", () => {
    clearInterval(second);
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    part("acts").hidden = true;
    part("over").hidden = false;
    part("sign-in").hidden = !room.signedOut;
    part("sent").hidden = room.signedOut;
    draw();
  });
  draw();
}

/** The sheet for another purpose: digits choose, Enter confirms, and it says what the log will hold. */
function mountPurpose(room, part) {
  const sheet = document.getElementById("purpose-sheet");
  const form = sheet.querySelector("form");
  const radios = [...form.querySelectorAll("input[name=purpose]")];
  const said = form.querySelector("[data-said-purpose]");
  const saidCase = form.querySelector("[data-said-case]");

  const say = () => {
    said.textContent = radios.find((radio) => radio.checked)?.dataset.text ?? "–";
    saidCase.hidden = !form.elements.case.value;
    saidCase.querySelector("b").textContent = form.elements.case.value;
  };
  room.onAct("purpose", (button, event) => {
    event?.preventDefault();
    if (room.closed) return;
    refuse(sheet, "");
    say();
    sheet.showModal();
    (radios.find((radio) => radio.checked) ?? radios[0])?.focus();
  });
  form.addEventListener("input", say);
  sheet.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio])")) return;
    const radio = radios[Number(event.key) - 1];
    if (!radio) return;
    radio.checked = true;
    radio.focus();
    say();
  });
  form.addEventListener("submit", (event) =>
    send(event, room, sheet, form.action, async (answer) => {
      const told = await answer.json();
      room.facts.mark = told.mark;
      part("purpose").textContent = told.purpose;
      part("case").textContent = told.case;
      part("case-part").hidden = !told.case;
      room.say(told.said);
    }),
  );
}

/** What was refused, in the sheet that asked; "" for nothing. */
export function refuse(sheet, text) {
  const refused = sheet.querySelector("[data-refused]");
  refused.textContent = text;
  refused.hidden = !text;
}

/** Post a sheet's form to `url`; close the sheet and go on with `done(answer)`, or say in it what was refused. */
export async function send(event, room, sheet, url, done) {
  event.preventDefault();
  event.stopPropagation();
  const form = event.target;
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  refuse(sheet, "");
  try {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(sheet.more ?? {})) body.set(name, value);
    const answer = await room.ask(url, { form: body });
    await done(answer);
    sheet.close();
  } catch (refusal) {
    if (!room.closed) refuse(sheet, refusal.message);
  } finally {
    form.removeAttribute("aria-busy");
  }
}
