// Numbers on a picture are covered before it is sent. Bars are drawn over it with finger, mouse or keyboard;
// what leaves the browser is a new picture with the bars burnt in. The chosen file itself is never sent: its
// field loses its name here, so that no form takes it along.

const SVG = "http://www.w3.org/2000/svg";
const LONGEST = 1800; // of the sent picture, in pixels: small print stays readable
const QUALITY = 0.88;
const SMALLEST = 8; // drawn smaller than this, in pixels of the screen, it was a tap
const STEP = 0.02;
const FINE = 0.005;

const form = document.querySelector("[data-cover]");
const input = form.querySelector("input[type=file]");
const choose = form.querySelector("[data-choose]");
const editor = form.querySelector("[data-editor]");
const canvas = form.querySelector("[data-picture]");
const stage = form.querySelector("[data-bars]");
const told = form.querySelector("[data-told]");
const texts = form.querySelector("[data-texts]").dataset;

let source = null; // the picture as it was taken in, upright and scaled
let turns = 0;
let bars = []; // {x, y, w, h} in pixels of the canvas
let chosen = -1;
let drag = null;
let isSureItIsBare = false;
const undone = [];

const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));
const say = (text, values = {}) => {
  told.textContent = text.replace(/\{(\w+)\}/g, (_found, name) => values[name]);
};
const tool = (name) => form.querySelector(`[data-tool="${name}"]`);

input.removeAttribute("name");
for (const part of form.querySelectorAll("[data-plain]")) part.hidden = true;
for (const part of form.querySelectorAll("[data-scripted]")) part.hidden = false;
const send = form.querySelector("[data-send]");
send.hidden = true;

/* ---------- the picture ---------- */

function sheet(width, height) {
  const made = document.createElement("canvas");
  made.width = width;
  made.height = height;
  const pen = made.getContext("2d");
  pen.fillStyle = "#fff"; // what a PNG leaves open
  pen.fillRect(0, 0, width, height);
  return [made, pen];
}

async function open(file) {
  const read = new Image(); // draws upright what a telephone took on its side
  read.src = URL.createObjectURL(file);
  try {
    await read.decode();
    const { naturalWidth: wide, naturalHeight: high } = read;
    const scale = Math.min(1, LONGEST / Math.max(wide, high));
    const [made, pen] = sheet(Math.max(1, Math.round(wide * scale)), Math.max(1, Math.round(high * scale)));
    pen.imageSmoothingQuality = "high";
    pen.drawImage(read, 0, 0, made.width, made.height);
    return made;
  } finally {
    URL.revokeObjectURL(read.src);
  }
}

function paint(target) {
  const sideways = turns % 2 === 1;
  target.width = sideways ? source.height : source.width;
  target.height = sideways ? source.width : source.height;
  const pen = target.getContext("2d");
  pen.translate(target.width / 2, target.height / 2);
  pen.rotate((turns * Math.PI) / 2);
  pen.drawImage(source, -source.width / 2, -source.height / 2);
  pen.resetTransform();
  return pen;
}

function show() {
  paint(canvas);
  stage.setAttribute("viewBox", `0 0 ${canvas.width} ${canvas.height}`);
  draw();
}

/* ---------- the bars ---------- */

function draw() {
  stage.replaceChildren(
    ...bars.map((bar, at) => {
      const made = document.createElementNS(SVG, "rect");
      made.setAttribute("class", `cover__bar${at === chosen ? " is-chosen" : ""}`);
      for (const [name, value] of Object.entries({ x: bar.x, y: bar.y, width: bar.w, height: bar.h, tabindex: 0, role: "button" })) made.setAttribute(name, value);
      made.dataset.at = at;
      made.setAttribute("aria-label", words(at));
      return made;
    }),
  );
  tool("undo").disabled = !undone.length;
  tool("remove").disabled = chosen < 0;
}

function words(at) {
  const bar = bars[at];
  const part = (value, whole) => String(Math.round((value / whole) * 100));
  const { width, height } = canvas;
  const values = { at: at + 1, all: bars.length, x: part(bar.x, width), y: part(bar.y, height), w: part(bar.w, width), h: part(bar.h, height) };
  return texts.bar.replace(/\{(\w+)\}/g, (_found, name) => values[name]);
}

function remember() {
  undone.push({ bars: bars.map((bar) => ({ ...bar })), turns });
  if (undone.length > 100) undone.shift();
  isSureItIsBare = false;
}

function focusOn(at) {
  chosen = at;
  draw();
  stage.querySelector(`[data-at="${at}"]`)?.focus({ preventScroll: true });
}

function add() {
  remember();
  const [w, h] = [canvas.width * 0.4, canvas.height * 0.1];
  bars.push({ x: (canvas.width - w) / 2, y: (canvas.height - h) / 2, w, h });
  focusOn(bars.length - 1);
  say(words(chosen));
}

function remove() {
  if (chosen < 0) return;
  remember();
  bars.splice(chosen, 1);
  chosen = -1;
  draw();
  tool("add").focus({ preventScroll: true });
  say(texts.gone);
}

function undo() {
  const before = undone.pop();
  if (!before) return;
  ({ bars, turns } = before);
  chosen = -1;
  isSureItIsBare = false;
  show();
  if (tool("undo").disabled) tool("add").focus({ preventScroll: true });
  say("");
}

function turn() {
  remember();
  const high = canvas.height;
  turns = (turns + 1) % 4;
  bars = bars.map(({ x, y, w, h }) => ({ x: high - y - h, y: x, w: h, h: w }));
  show();
  say(texts.turned);
}

/* ---------- finger and mouse ---------- */

function place(event) {
  const box = stage.getBoundingClientRect();
  const across = ((event.clientX - box.left) / box.width) * canvas.width;
  const down = ((event.clientY - box.top) / box.height) * canvas.height;
  return [clamp(across, 0, canvas.width), clamp(down, 0, canvas.height), canvas.width / box.width];
}

stage.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) {
    if (drag) stop(); // a second finger: the page is being zoomed
    return;
  }
  event.preventDefault();
  const [x, y] = place(event);
  const at = Number(event.target.dataset?.at ?? -1);
  stage.setPointerCapture(event.pointerId);
  drag = { x, y, at, before: bars.map((bar) => ({ ...bar })) };
  chosen = at;
  draw();
});

stage.addEventListener("pointermove", (event) => {
  if (!drag || !event.isPrimary) return;
  const [x, y] = place(event);
  bars = drag.before.map((bar) => ({ ...bar }));
  if (drag.at >= 0) {
    const bar = bars[drag.at];
    bar.x = clamp(bar.x + x - drag.x, 0, canvas.width - bar.w);
    bar.y = clamp(bar.y + y - drag.y, 0, canvas.height - bar.h);
  } else {
    bars.push({ x: Math.min(x, drag.x), y: Math.min(y, drag.y), w: Math.abs(x - drag.x), h: Math.abs(y - drag.y) });
  }
  draw();
});

function stop() {
  bars = drag.before;
  drag = null;
  draw();
}

stage.addEventListener("pointercancel", () => drag && stop());

stage.addEventListener("pointerup", (event) => {
  if (!drag || !event.isPrimary) return;
  const [x, y, unit] = place(event);
  const far = Math.max(Math.abs(x - drag.x), Math.abs(y - drag.y)) >= SMALLEST * unit;
  const { at, before } = drag;
  const now = bars;
  if (!far) {
    stop();
    focusOn(at);
    return;
  }
  drag = null;
  bars = before;
  remember();
  bars = now;
  focusOn(at >= 0 ? at : bars.length - 1);
  say("");
});

/* ---------- keyboard ---------- */

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

stage.addEventListener("focusin", (event) => {
  const at = Number(event.target.dataset?.at ?? -1);
  if (at === chosen || drag) return;
  focusOn(at);
});

stage.addEventListener("keydown", (event) => {
  if (chosen < 0 || event.ctrlKey || event.metaKey) return;
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    remove();
    return;
  }
  const way = ARROWS[event.key];
  if (!way) return;
  event.preventDefault();
  remember();
  const bar = bars[chosen];
  const step = Math.max(canvas.width, canvas.height) * (event.altKey ? FINE : STEP);
  if (event.shiftKey) {
    bar.w = clamp(bar.w + way[0] * step, step, canvas.width - bar.x);
    bar.h = clamp(bar.h + way[1] * step, step, canvas.height - bar.y);
  } else {
    bar.x = clamp(bar.x + way[0] * step, 0, canvas.width - bar.w);
    bar.y = clamp(bar.y + way[1] * step, 0, canvas.height - bar.h);
  }
  focusOn(chosen);
  say(words(chosen));
});

form.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !editor.hidden) {
    event.preventDefault();
    undo();
  }
});

/* ---------- choosing and sending ---------- */

const TOOLS = { add, remove, undo, turn, other: () => input.click() };
for (const [name, act] of Object.entries(TOOLS)) tool(name).addEventListener("click", act);

input.addEventListener("change", async () => {
  const file = input.files[0];
  if (!file) return;
  try {
    source = await open(file);
  } catch {
    say(texts.unreadable);
    return;
  } finally {
    input.value = "";
  }
  [turns, bars, chosen, drag, isSureItIsBare] = [0, [], -1, null, false];
  undone.length = 0;
  choose.hidden = true;
  editor.hidden = false;
  send.hidden = false;
  say("");
  show();
  const title = document.getElementById("cover");
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "start" });
});

function covered() {
  const [made] = sheet(1, 1);
  const pen = paint(made);
  pen.fillStyle = "#000";
  for (const { x, y, w, h } of bars) {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    pen.fillRect(left, top, Math.ceil(x + w) - left, Math.ceil(y + h) - top);
  }
  return new Promise((done) => made.toBlob(done, "image/jpeg", QUALITY));
}

async function post() {
  const body = new FormData(form);
  body.append("picture", await covered(), "picture.jpg"); // after the form's proof: it is read in this order
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.ok) {
    location.assign(answer.url);
    return "";
  }
  const { message, hint } = (await answer.json()).error;
  return [message, hint].filter(Boolean).join(" ");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.hasAttribute("aria-busy")) return;
  if (!source) {
    say(texts.missing);
    return;
  }
  if (!bars.length && !isSureItIsBare) {
    isSureItIsBare = true;
    say(texts.bare);
    return;
  }
  form.setAttribute("aria-busy", "true");
  say(texts.sending);
  const trouble = await post().catch(() => texts.failed);
  if (!trouble) return;
  form.removeAttribute("aria-busy");
  say(trouble);
});
