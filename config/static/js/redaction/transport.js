// The clock under the picture, what plays and steps, and where messages stand.

import { SPEEDS } from "../console/room.js";

const SAY_MS = 8000;

export function mountTransport(editor) {
  const { room, words } = editor;
  const part = (name) => document.querySelector(`[data-transport="${name}"]`);
  const speed = (change) => {
    const place = SPEEDS.indexOf(room.speed) + change;
    if (SPEEDS[place]) room.setSpeed(SPEEDS[place]);
  };
  const acts = {
    play: () => room.toggle(),
    "frame-back": () => room.step(-1),
    "frame-on": () => room.step(1),
    "doubt-back": () => editor.nextDoubt(-1),
    "doubt-on": () => editor.nextDoubt(1),
    speed: () => room.setSpeed(SPEEDS[(SPEEDS.indexOf(room.speed) + 1) % SPEEDS.length]),
  };
  for (const [name, act] of Object.entries(acts)) room.onAct(name, act);
  editor.speed = speed;

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    if (!button || button.disabled) return;
    room.act(button.dataset.act, button, event);
    // Who works with the mouse has the keys for the picture, not for the button that was pressed last.
    if (event.detail > 0 && !document.querySelector("dialog[open]")) button.blur();
  });

  const draw = () => drawState(editor, part);
  for (const name of ["state", "closed"]) room.addEventListener(name, draw);
  editor.addEventListener("facts", draw);
  room.addEventListener("closed", ({ detail }) => room.say(detail, { tone: "bad" }));
  room.addEventListener("moment", ({ detail }) => drawMoment(words, part, detail));
  room.addEventListener("notice", ({ detail }) => drawNotice(room, part("notice"), detail));
  draw();
}

function drawState({ room, facts }, part) {
  for (const each of document.querySelectorAll("[data-when]")) each.hidden = each.dataset.when !== (room.playing ? "playing" : "paused");
  const play = part("play");
  play.setAttribute("aria-label", room.playing ? play.dataset.pause : play.dataset.play);
  play.title = play.getAttribute("aria-label");
  const name = { 0.25: "¼", 0.5: "½" }[room.speed] ?? room.speed;
  const speed = part("speed");
  if (speed.firstChild.textContent !== `${name}×`) speed.firstChild.textContent = `${name}×`;
  speed.setAttribute("aria-label", speed.dataset.label.replace("{speed}", name));
  part("fraction").hidden = room.playing;
  for (const each of document.querySelectorAll("[data-act=doubt-back], [data-act=doubt-on]")) each.disabled = room.closed || !facts?.doubts.length;
  if (room.closed) for (const each of document.querySelectorAll(".transport button:not([data-act=help])")) each.disabled = true;
}

function drawMoment(words, part, ms) {
  const texts = { now: words.second(ms), fraction: words.fraction(ms), zone: `${words.zoneName(ms)}, ${words.day(ms)}` };
  for (const [name, text] of Object.entries(texts)) {
    const element = part(name);
    if (element.textContent !== text) element.textContent = text;
  }
}

let until = 0;
function drawNotice(room, element, { text, tone }) {
  clearTimeout(until);
  element.textContent = text;
  element.dataset.tone = tone;
  element.hidden = !text;
  if (!room.closed) until = setTimeout(() => (element.hidden = true), SAY_MS);
}
