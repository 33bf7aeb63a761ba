// The transport: the clock, what plays, steps, jumps, loops and speeds; its keys, and the sheet that lists all keys.

import { SPEEDS } from "./room.js";

const NEAR_MS = 10_000;
const STEP_MS = 5_000;
const FAR_MS = 60_000;
const SAY_MS = 8000;

/** Connect the deck's buttons and keys to the room. */
export function mountTransport(room, words) {
  const { texts } = room;
  const part = (name) => document.querySelector(`[data-transport="${name}"]`);
  const by = (ms) => () => room.moment !== null && room.seek(room.moment + ms);
  const speed = (change) => () => {
    const place = SPEEDS.indexOf(room.speed) + change;
    if (SPEEDS[place]) room.setSpeed(SPEEDS[place]);
  };
  const loopFrom = () => {
    const from = room.moment ?? room.span.starts;
    room.loopStart = from;
    if (room.loop && room.loop.to > from) room.setLoop({ from, to: room.loop.to });
    else room.say(texts.loopStarts.replace("{time}", words.second(from)));
  };
  const loopTo = () => {
    const to = room.moment ?? room.span.ends;
    const from = room.loop?.from ?? room.loopStart ?? room.span.starts;
    if (to - from < 200) return room.say(texts.loopNone, { tone: "warn" });
    room.setLoop({ from, to });
    room.say(texts.loopSet.replace("{from}", words.second(from)).replace("{to}", words.second(to)));
    room.seek(from, { play: true });
  };
  const loopOff = () => {
    room.loopStart = undefined;
    room.setLoop(null);
  };
  const motion = (direction) => () => {
    if (!room.nextMotion(direction)) room.say(texts.noMotion);
  };
  const acts = {
    play: () => room.toggle(), back: by(-NEAR_MS), on: by(NEAR_MS),
    "frame-back": () => room.step(-1), "frame-on": () => room.step(1),
    slower: speed(-1), faster: speed(1), "motion-next": motion(1), "motion-previous": motion(-1),
    loop: () => (room.loop ? loopOff() : room.loopStart === undefined ? loopFrom() : loopTo()),
    gaps: () => room.setSkipGaps(!room.skipGaps), help: () => openHelp(room),
  };
  for (const [name, act] of Object.entries(acts)) room.onAct(name, act);
  room.onAct("hold", (link) => aim(room, link));
  room.onAct("case", (link) => aim(room, link));
  room.onAct("speed", () => room.setSpeed(SPEEDS[(SPEEDS.indexOf(room.speed) + 1) % SPEEDS.length]));

  room.onKey([" ", "k"], acts.play, texts.keyPlay);
  room.onKey("j", acts.back, texts.keyBack);
  room.onKey("l", acts.on, texts.keyOn);
  room.onKey("ArrowLeft", by(-STEP_MS), texts.keyLeft);
  room.onKey("ArrowRight", by(STEP_MS), texts.keyRight);
  room.onKey("Shift+ArrowLeft", by(-FAR_MS), texts.keyFarLeft);
  room.onKey("Shift+ArrowRight", by(FAR_MS), texts.keyFarRight);
  room.onKey(",", acts["frame-back"], texts.keyFrameBack);
  room.onKey(".", acts["frame-on"], texts.keyFrameOn);
  room.onKey(["ArrowUp", ">"], acts.faster, texts.keyFaster);
  room.onKey(["ArrowDown", "<"], acts.slower, texts.keySlower);
  room.onKey("[", loopFrom, texts.keyLoopFrom);
  room.onKey("]", loopTo, texts.keyLoopTo);
  room.onKey("\\", loopOff, texts.keyLoopOff);
  room.onKey("n", acts["motion-next"], texts.keyNext);
  room.onKey("p", acts["motion-previous"], texts.keyPrevious);
  room.onKey("g", acts.gaps, texts.keyGaps);
  room.onKey("?", acts.help, texts.keyHelp);

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    if (button && !button.disabled) room.act(button.dataset.act, button, event);
  });

  const draw = () => drawState(room, part);
  room.addEventListener("state", draw);
  room.addEventListener("closed", draw);
  room.addEventListener("moment", ({ detail }) => drawMoment(room, words, part, detail));
  room.addEventListener("notice", ({ detail }) => drawNotice(part("notice"), detail));
  draw();
}

// A hold is for the loop, where one is set; else for all of the viewing.
function aim(room, link) {
  const url = new URL(link.href);
  const { from, to } = room.loop ?? {};
  for (const [name, ms] of [["from", from], ["to", to]]) {
    if (ms === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, new Date(ms).toISOString());
  }
  link.href = url;
}

function drawState(room, part) {
  for (const each of document.querySelectorAll("[data-when]"))
    each.hidden = each.dataset.when !== (room.playing ? "playing" : "paused");
  const play = part("play");
  play.setAttribute("aria-label", room.playing ? play.dataset.pause : play.dataset.play);
  play.title = play.getAttribute("aria-label");
  const speed = part("speed");
  const name = { 0.25: "¼", 0.5: "½" }[room.speed] ?? room.speed;
  if (speed.firstChild.textContent !== `${name}×`) speed.firstChild.textContent = `${name}×`;
  speed.setAttribute("aria-label", speed.dataset.label.replace("{speed}", name));
  part("loop").setAttribute("aria-pressed", String(Boolean(room.loop)));
  part("gaps").setAttribute("aria-pressed", String(room.skipGaps));
  const knows = room.motion.size > 0 || room.found.size > 0;
  for (const each of document.querySelectorAll("[data-motion]")) each.disabled = !knows;
  if (room.closed) for (const each of document.querySelectorAll(".transport button")) each.disabled = true;
  drawFraction(room, part);
}

const drawFraction = (room, part) => {
  part("fraction").hidden = room.playing;
};

function drawMoment(room, words, part, ms) {
  const set = (name, text) => {
    const element = part(name);
    if (element.textContent !== text) element.textContent = text;
  };
  set("now", words.full(ms));
  set("fraction", words.fraction(ms));
  set("zone", words.zoneName(ms));
  drawFraction(room, part);
}

let until = 0;
function drawNotice(element, { text, tone }) {
  clearTimeout(until);
  element.textContent = text;
  element.dataset.tone = tone;
  element.hidden = !text;
  until = setTimeout(() => (element.hidden = true), SAY_MS);
}

// The sheet of keys is made from what was registered, so it never tells of a key that does nothing.
function openHelp(room) {
  const sheet = document.getElementById("keys-sheet");
  const list = sheet.querySelector("[data-keys]");
  const names = JSON.parse(list.dataset.keys);
  list.replaceChildren(
    ...room.keys.rows.map(({ names: pressed, label }) => {
      const row = document.createElement("div");
      const keys = document.createElement("dt");
      pressed.forEach((key) => {
        const each = document.createElement("kbd");
        const parts = key.length === 1 ? [key] : key.split("+");
        each.textContent = parts.map((name) => names[name] ?? (name.length === 1 ? name.toUpperCase() : name)).join(" ");
        keys.append(each, " ");
      });
      const words = document.createElement("dd");
      words.textContent = label;
      row.append(keys, words);
      return row;
    }),
  );
  if (!sheet.open) sheet.showModal();
}
