// A site's page: cameras and a stretch are chosen on the timeline, and the purpose sheet asked for them.

import { mountTimeline } from "./timeline.js";
import { fieldText, fieldWall, momentOf } from "./timeline/zone.js";
import { fill, textsOf } from "./timeline/words.js";

const SECOND = 1000;
const DAY = 86_400_000;
const JUMP = 3_600_000; // ms in view around a moment that was asked for, at most what was in view

const facts = JSON.parse(document.getElementById("timeline-facts").textContent);
const texts = textsOf(document.getElementById("timeline-texts"));
const form = document.getElementById("pick");
const said = form.querySelector("[data-pick-say]");
const clear = form.querySelector("[data-pick-clear]");
const fields = { from: document.getElementById("pick-from"), to: document.getElementById("pick-to") };
const boxes = [...document.querySelectorAll(`input[name=camera][form=${form.id}]`)];

let ticked = false; // somebody ticked cameras by hand: a drag adds to them and takes none away

const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
const tick = (codes) => {
  for (const box of boxes) box.checked = codes.includes(box.value);
};

export const line = mountTimeline(document.getElementById("timeline"), { ...facts, texts, drag: "pick", onSelect: selected });

// While it is dragged: cameras under the hand are ticked, and all that are ticked show the stretch.
line.on("pick", (pick) => {
  if (pick && !pick.isOurs) {
    tick([...new Set([...(ticked || !pick.codes.length ? chosen() : []), ...pick.codes])]);
    pick.codes = chosen();
  }
  say();
});

function selected(_code, from, to, codes) {
  choose(Math.floor(from / SECOND) * SECOND, Math.ceil(to / SECOND) * SECOND, codes);
}

function choose(from, to) {
  line.setPick({ from, to, codes: chosen(), isOurs: true });
  for (const [name, ms] of Object.entries({ from, to })) {
    form.elements[name].value = new Date(ms).toISOString();
    fields[name].value = fieldText(ms, facts.zone);
  }
  remember();
}

function say() {
  const { pick } = line;
  const codes = chosen();
  const isSpan = Boolean(pick && pick.from < pick.to);
  const problem = !isSpan ? texts.pick : problemOf(pick, codes);
  said.textContent = problem || fill(texts.picked, {
    cameras: line.words.count("cameras", codes.length),
    span: line.words.span(pick.from, pick.to),
    duration: line.words.duration(pick.to - pick.from),
  });
  for (const button of form.querySelectorAll("[data-pick-go]")) button.disabled = Boolean(problem);
  clear.hidden = !pick;
  form.classList.toggle("is-picked", isSpan);
}

function problemOf(pick, codes) {
  if (!codes.length) return texts.pick_camera;
  if (codes.length > facts.mostCameras) return fill(texts.too_many, { n: facts.mostCameras });
  return pick.to - pick.from > facts.longest ? fill(texts.too_long, { n: Math.floor(facts.longest / DAY) }) : "";
}

// What was chosen is in the address, so that the way back from the purpose sheet leads to it.
function remember() {
  const query = new URLSearchParams();
  if (line.pick) {
    query.set("from", new Date(line.pick.from).toISOString());
    query.set("to", new Date(line.pick.to).toISOString());
    for (const code of chosen()) query.append("camera", code);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function recall() {
  const query = new URLSearchParams(location.search);
  const [from, to] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? ""));
  tick(query.getAll("camera"));
  ticked = chosen().length > 0;
  if (!(from < to)) return say();
  const span = Math.max(to - from, 60 * SECOND);
  line.show(from - span, to + span);
  choose(from, to);
}

form.addEventListener("change", () => {
  const [from, to] = ["from", "to"].map((name) =>
    momentOf(fieldWall(fields[name].value), facts.zone, name === "to"));
  if (!(from < to)) return;
  const view = line.view();
  if (from < view.from || to > view.to) line.show(from - (to - from), to + (to - from));
  choose(from, to);
});

for (const box of boxes)
  box.addEventListener("change", (event) => {
    event.stopPropagation();
    ticked = chosen().length > 0;
    if (line.pick) choose(line.pick.from, line.pick.to);
    else say();
  });

clear.addEventListener("click", () => {
  line.setPick(null);
  for (const field of [...Object.values(fields), form.elements.from, form.elements.to]) field.value = "";
  remember();
});

for (const radio of document.querySelectorAll("[data-timeline-drag] input"))
  radio.addEventListener("change", () => line.setDrag(radio.value));

document.querySelector("[data-timeline-now]").addEventListener("click", () => {
  const { from, to } = line.view();
  line.show(line.now() - (to - from), line.now());
});

document.querySelector("[data-timeline-jump]").addEventListener("submit", (event) => {
  event.preventDefault();
  const at = momentOf(fieldWall(event.target.elements.at.value), facts.zone);
  if (!Number.isFinite(at)) return;
  const { from, to } = line.view();
  const half = Math.min(to - from, JUMP) / 2;
  line.show(at - half, at + half);
  line.moveCaret(at);
  line.rows[0]?.strip.focus({ preventScroll: true });
});

recall();
