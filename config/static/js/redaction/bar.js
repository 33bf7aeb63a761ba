// The bar: saved or saving, undo and redo, how long the viewing lasts, and the sign of life that keeps it open.

import { mountPresence } from "../console/presence.js";
import { fill } from "../console/timeline/words.js";

const SOON_S = 600;
const LATE_S = 60;

export function mountBar(editor) {
  const { room, words, texts } = editor;
  const part = (name) => document.querySelector(`[data-edit="${name}"]`);
  const acts = { undo: () => editor.undo(), redo: () => editor.redo() };
  for (const [name, act] of Object.entries(acts)) room.onAct(name, act);

  function draw() {
    const { facts } = editor;
    if (!facts) return;
    for (const name of ["undo", "redo"]) {
      const button = part(name);
      button.dataset.title ??= button.title;
      button.disabled = !facts[name].can || !editor.mayEdit;
      button.title = facts[name].can ? `${button.dataset.title}: ${facts[name].what}` : button.dataset.title;
      button.setAttribute("aria-label", button.title);
    }
    const saved = editor.saving ? texts.saving : facts.savedAt ? fill(texts.saved, { time: words.minute(facts.savedAt) }) : "";
    if (part("saved").textContent !== saved) part("saved").textContent = saved;
  }

  for (const name of ["facts", "saving", "state"]) editor.addEventListener(name, draw);
  room.addEventListener("closed", draw);
  window.addEventListener("beforeunload", (event) => {
    editor.hands?.flush();
    if (editor.saving) event.preventDefault();
  });
  mountLeft(editor);
}

// The viewing around the editor: while somebody is here it stays open, and its end is told in time.
function mountLeft({ room, texts }) {
  const { urls } = room.facts;
  const left = document.querySelector("[data-bar=left]");
  const extend = document.querySelector("[data-bar=extend]");
  let ends = performance.now() + room.facts.secondsLeft * 1000;
  let warned = Infinity;
  const seconds = () => Math.max(0, Math.ceil((ends - performance.now()) / 1000));
  const last = (told) => {
    ends = performance.now() + told.seconds_left * 1000;
    if (seconds() > SOON_S) warned = Infinity;
    draw();
  };

  function draw() {
    const now = seconds();
    const words = now > LATE_S ? texts.left.replace("{min}", Math.ceil(now / 60)) : texts.leftSeconds.replace("{s}", now);
    const said = room.closed ? texts.leftOver : words;
    if (left.textContent !== said) left.textContent = said;
    extend.hidden = room.closed || now > SOON_S;
  }

  function tick() {
    if (room.closed) return;
    draw();
    const now = seconds();
    if (now === 0) return room.close(texts.ended);
    for (const [at, text, tone] of [[LATE_S, texts.endsNow, "bad"], [300, texts.endsSoon, "warn"]]) {
      if (now > at || warned <= at) continue;
      warned = at;
      room.say(text, { tone });
      break;
    }
  }

  room.onAct("extend", async () => {
    try {
      const told = await (await room.ask(urls.extend, { form: {} })).json();
      last(told);
      room.say(told.said);
    } catch (refusal) {
      room.say(refusal.message, { tone: "bad" });
    }
  });
  mountPresence(room, {
    alive: urls.alive,
    close: urls.close,
    idleSeconds: room.facts.idleSeconds,
    last,
    warn: (nobody) => nobody && room.say(texts.idleSoon, { tone: "warn" }),
    over: () => room.close(texts.idle),
  });
  const second = setInterval(tick, 1000);
  room.addEventListener("closed", () => {
    clearInterval(second);
    draw();
  });
  draw();
}
