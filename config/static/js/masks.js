// Privacy masks: polygons drawn over the (empty) picture, and the same as numbers. One state, two views of it.
// Coordinates are 0..1 of the picture; the form sends them as JSON in `polygons`.

const SVG = "http://www.w3.org/2000/svg";
const REACH = 22; // pixels around a point that take hold of it: a finger's width
const STEP = 0.01;
const FINE = 0.001;
const SMALLEST = 0.01; // a rectangle drawn smaller than this was a click

const canvas = document.getElementById("canvas");
const shapes = document.getElementById("shapes");
const fields = document.getElementById("fields");
const tools = document.getElementById("tools");
const told = document.getElementById("told");
const texts = document.getElementById("texts").dataset;
const form = canvas.closest("form");
const { width: WIDE, height: HIGH } = canvas.viewBox.baseVal;

// Which masks hold in copies only stands beside the masks, under the same number.
let masks = [];
let copies = [];
let chosen = { mask: -1, point: -1 };
let drag = null;
let drawing = false;
const undone = [];

const clamp = (value) => Math.min(1, Math.max(0, Math.round(value * 10000) / 10000));
const percent = (value) => String(Math.round(value * 10000) / 100);
const say = (template, values) => template.replace(/\{(\w+)\}/g, (_found, name) => values[name]);
const middle = (a, b) => [clamp((a[0] + b[0]) / 2), clamp((a[1] + b[1]) / 2)];
const pack = () => JSON.stringify(masks.map((points, mask) => (copies[mask] ? { copies: points } : points)));
const unpack = (text) => {
  const told = JSON.parse(text);
  masks = told.map((each) => each.copies ?? each);
  copies = told.map((each) => Boolean(each.copies));
};
unpack(document.getElementById("masks").textContent);
const remember = () => {
  undone.push(pack());
  if (undone.length > 100) undone.shift();
};

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

/* ---------- drawing ---------- */

function unit() {
  return WIDE / (canvas.getBoundingClientRect().width || WIDE); // of the picture's units in one pixel
}

function draw() {
  const size = unit();
  const focus = document.activeElement?.dataset ?? {};
  const kept = shapes.contains(document.activeElement) ? `${focus.mask}/${focus.point ?? ""}` : "";
  shapes.replaceChildren();
  masks.forEach((points, mask) => drawMask(points, mask, size));
  if (kept) {
    const [mask, point] = kept.split("/");
    drawing = true; // the focus comes back to where it was; nobody chose anything
    shapes.querySelector(`[data-mask="${mask}"]${point ? `[data-point="${point}"]` : ":not([data-point])"}`)?.focus();
    drawing = false;
  }
  const has = chosen.mask >= 0;
  tool("mask").disabled = masks.length >= Number(texts.mostMasks);
  tool("point").disabled = !has || masks[chosen.mask].length >= Number(texts.mostPoints);
  tool("remove-point").disabled = chosen.point < 0 || masks[chosen.mask].length <= 3;
  tool("remove-mask").disabled = !has;
  tool("undo").disabled = !undone.length;
  document.getElementById("none").hidden = masks.length > 0;
}

function drawMask(points, mask, size) {
  const mine = mask === chosen.mask;
  const outline = points.map(([x, y]) => `${x * WIDE},${y * HIGH}`).join(" ");
  const shape = element("polygon", { class: `masks__shape${mine ? " is-chosen" : ""}${copies[mask] ? " is-copies" : ""}`, points: outline, tabindex: 0, role: "button", "data-mask": mask }, shapes);
  shape.setAttribute("aria-label", say(texts.shape, { mask: mask + 1, points: points.length }));
  const centre = points.reduce((sum, [x, y]) => [sum[0] + x / points.length, sum[1] + y / points.length], [0, 0]);
  const number = element("text", { class: "masks__number", x: 0, y: 0, "aria-hidden": "true" }, shapes);
  number.setAttribute("transform", `translate(${centre[0] * WIDE} ${centre[1] * HIGH}) scale(${14 * size})`);
  number.textContent = mask + 1;
  if (mine && points.length < Number(texts.mostPoints)) {
    points.forEach((from, at) => {
      const [x, y] = middle(from, points[(at + 1) % points.length]);
      element("circle", { class: "masks__middle", cx: x * WIDE, cy: y * HIGH, r: 4 * size, "aria-hidden": "true" }, shapes);
    });
  }
  points.forEach(([x, y], point) => {
    const at = mine && point === chosen.point;
    const handle = element("circle", { class: `masks__point${at ? " is-chosen" : ""}`, cx: x * WIDE, cy: y * HIGH, r: (mine ? 7 : 4) * size, tabindex: 0, role: "button", "data-mask": mask, "data-point": point }, shapes);
    handle.setAttribute("aria-label", pointText(mask, point));
  });
}

function pointText(mask, point) {
  const [x, y] = masks[mask][point];
  return say(texts.point, { mask: mask + 1, point: point + 1, points: masks[mask].length, x: percent(x), y: percent(y) });
}

/* ---------- numbers ---------- */

function list() {
  fields.replaceChildren(
    ...masks.map((points, mask) => {
      const box = document.createElement("fieldset");
      box.className = "masks__fields";
      box.classList.toggle("is-chosen", mask === chosen.mask);
      const legend = document.createElement("legend");
      legend.textContent = say(texts.mask, { mask: mask + 1 });
      const rows = document.createElement("ol");
      points.forEach((point, at) => {
        const row = document.createElement("li");
        row.append(number(mask, at, 0, point), number(mask, at, 1, point));
        rows.append(row);
      });
      box.append(legend, scope(mask), rows);
      return box;
    }),
  );
}

function scope(mask) {
  const label = document.createElement("label");
  label.className = "masks__scope";
  const frame = document.createElement("span");
  frame.className = "select";
  const select = document.createElement("select");
  select.className = "input";
  select.setAttribute("aria-label", say(texts.scope, { mask: mask + 1 }));
  for (const value of ["always", "copies"]) select.append(new Option(texts[value], value));
  select.value = copies[mask] ? "copies" : "always";
  select.addEventListener("change", () => {
    remember();
    copies[mask] = select.value === "copies";
    draw();
  });
  frame.append(select);
  label.append(frame);
  return label;
}

function number(mask, at, axis, point) {
  const input = document.createElement("input");
  Object.assign(input, { type: "number", min: 0, max: 100, step: "any", className: "input", value: percent(point[axis]) });
  input.inputMode = "decimal";
  input.setAttribute("aria-label", say(axis ? texts.top : texts.left, { mask: mask + 1, point: at + 1 }));
  input.addEventListener("focus", () => {
    if (chosen.mask === mask && chosen.point === at) return;
    choose(mask, at);
    draw();
  });
  input.addEventListener("change", () => {
    const value = Number.parseFloat(input.value.replace(",", "."));
    if (Number.isFinite(value)) {
      remember();
      masks[mask][at][axis] = clamp(value / 100);
    }
    input.value = percent(masks[mask][at][axis]);
    draw();
  });
  return input;
}

function choose(mask, point = -1) {
  chosen = { mask, point };
  [...fields.children].forEach((box, at) => box.classList.toggle("is-chosen", at === mask));
}

function changed() {
  if (chosen.mask >= masks.length) chosen = { mask: masks.length - 1, point: -1 };
  list();
  draw();
}

/* ---------- acts ---------- */

const tool = (name) => tools.querySelector(`[data-do="${name}"]`);

const acts = {
  mask() {
    remember();
    const shift = (masks.length % 5) * 0.04;
    copies.push(false);
    masks.push([[0.3 + shift, 0.3 + shift], [0.6 + shift, 0.3 + shift], [0.6 + shift, 0.6 + shift], [0.3 + shift, 0.6 + shift]].map((point) => point.map(clamp)));
    choose(masks.length - 1, 0);
    changed();
    focusPoint();
  },
  point() {
    const points = masks[chosen.mask];
    if (!points || points.length >= Number(texts.mostPoints)) return;
    remember();
    const after = chosen.point < 0 ? points.length - 1 : chosen.point;
    points.splice(after + 1, 0, middle(points[after], points[(after + 1) % points.length]));
    choose(chosen.mask, after + 1);
    changed();
    focusPoint();
  },
  "remove-point"() {
    if (chosen.point < 0 || masks[chosen.mask].length <= 3) return;
    remember();
    masks[chosen.mask].splice(chosen.point, 1);
    choose(chosen.mask, Math.min(chosen.point, masks[chosen.mask].length - 1));
    changed();
    focusPoint();
    told.textContent = texts.removed;
  },
  "remove-mask"() {
    if (chosen.mask < 0) return;
    remember();
    masks.splice(chosen.mask, 1);
    copies.splice(chosen.mask, 1);
    choose(-1);
    changed();
    told.textContent = texts.removed;
    tool("undo").focus();
  },
  undo() {
    if (!undone.length) return;
    unpack(undone.pop());
    choose(Math.min(chosen.mask, masks.length - 1));
    changed();
  },
};

function focusPoint() {
  shapes.querySelector(`[data-mask="${chosen.mask}"][data-point="${chosen.point}"]`)?.focus();
}

function move(points, dx, dy) {
  const left = Math.min(...points.map((point) => point[0]));
  const right = Math.max(...points.map((point) => point[0]));
  const top = Math.min(...points.map((point) => point[1]));
  const bottom = Math.max(...points.map((point) => point[1]));
  const x = Math.min(1 - right, Math.max(-left, dx));
  const y = Math.min(1 - bottom, Math.max(-top, dy));
  return points.map((point) => [clamp(point[0] + x), clamp(point[1] + y)]);
}

tools.addEventListener("click", (event) => acts[event.target.closest("[data-do]")?.dataset.do]?.());

shapes.addEventListener("focusin", (event) => {
  const { mask, point } = event.target.dataset;
  if (drawing || mask === undefined || (chosen.mask === Number(mask) && chosen.point === Number(point ?? -1))) return;
  choose(Number(mask), point === undefined ? -1 : Number(point));
  draw();
});

canvas.addEventListener("keydown", (event) => {
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (chosen.mask < 0) return;
  if (arrow) {
    const step = event.shiftKey ? FINE : STEP;
    remember();
    const points = masks[chosen.mask];
    if (chosen.point < 0) masks[chosen.mask] = move(points, arrow[0] * step, arrow[1] * step);
    else points[chosen.point] = points[chosen.point].map((value, axis) => clamp(value + arrow[axis] * step));
    changed();
    if (chosen.point >= 0) told.textContent = pointText(chosen.mask, chosen.point);
  } else if (event.key === "Insert" || event.key === "+") acts.point();
  else if (event.key === "Delete" || event.key === "Backspace") acts[chosen.point < 0 ? "remove-mask" : "remove-point"]();
  else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea")) return;
  event.preventDefault();
  acts.undo();
});

/* ---------- mouse and touch ---------- */

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
}

function nearest(candidates, event) {
  const box = canvas.getBoundingClientRect();
  let best = null;
  for (const each of candidates) {
    const away = Math.hypot(box.left + each.at[0] * box.width - event.clientX, box.top + each.at[1] * box.height - event.clientY);
    if (away <= (each.reach ?? REACH) && (!best || away < best.away)) best = { ...each, away };
  }
  return best;
}

function grip(event) {
  const points = masks.flatMap((each, mask) => each.map((at, point) => ({ at, mask, point, reach: mask === chosen.mask ? REACH : REACH / 2 })));
  const held = nearest(points, event);
  const mine = masks[chosen.mask];
  const between = mine && mine.length < Number(texts.mostPoints) ? mine.map((from, at) => ({ at: middle(from, mine[(at + 1) % mine.length]), after: at, reach: REACH / 2 })) : [];
  const added = nearest(between, event);
  if (held && (!added || held.away <= added.away)) return { kind: "point", mask: held.mask, point: held.point };
  if (added) {
    mine.splice(added.after + 1, 0, [...added.at]);
    return { kind: "point", mask: chosen.mask, point: added.after + 1 };
  }
  const mask = event.target.dataset?.mask;
  if (mask !== undefined) return { kind: "mask", mask: Number(mask), from: place(event), was: masks[Number(mask)] };
  return masks.length < Number(texts.mostMasks) ? { kind: "new", from: place(event), mask: -1 } : null;
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || drag) return;
  const before = pack();
  drag = grip(event);
  if (!drag) return;
  drag.before = before;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  choose(drag.mask, drag.kind === "point" ? drag.point : -1);
  changed();
  if (drag.kind === "point") focusPoint();
});

canvas.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const at = place(event);
  if (drag.kind === "point") masks[drag.mask][drag.point] = at;
  else if (drag.kind === "mask") masks[drag.mask] = move(drag.was, at[0] - drag.from[0], at[1] - drag.from[1]);
  else if (drag.mask >= 0 || (Math.abs(at[0] - drag.from[0]) > SMALLEST && Math.abs(at[1] - drag.from[1]) > SMALLEST)) {
    if (drag.mask < 0) copies.push(false);
    if (drag.mask < 0) drag.mask = masks.length;
    masks[drag.mask] = [drag.from, [at[0], drag.from[1]], at, [drag.from[0], at[1]]];
    choose(drag.mask);
  }
  changed();
});

for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    if (drag && drag.before !== pack()) undone.push(drag.before);
    drag = null;
    draw();
  });
}

/* ---------- the form ---------- */

form.addEventListener("submit", () => {
  form.elements.polygons.value = pack();
});
new ResizeObserver(draw).observe(canvas);
tools.hidden = false;
document.getElementById("how").hidden = false;
document.getElementById("more").remove(); // else Enter in a field would press its button
changed();
