// The drawn parts of a timeline: a row of states, the scale with its ticks, the month above. SVG without a
// viewBox, one path per state: patterns never stretch, and a month of sixteen cameras is redrawn in a blink.

import { boxes, byWidth, motionPath, path } from "./spans.js";
import { stepFor, ticks, withoutOverlap } from "./scale.js";

const SVG = "http://www.w3.org/2000/svg";
const DASHED = 7; // px that a dashed outline needs
const SMALLEST_HANDLE = 8;

/** An SVG element; attributes that are null are left out. */
export function svg(name, attributes = {}, parent = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

/** Sets an attribute if it is another than the last time. */
export function put(element, name, value) {
  const text = String(value);
  const last = (element.drawn ??= {});
  if (last[name] === text) return;
  last[name] = text;
  element.setAttribute(name, text);
}

const show = (element, isShown) => put(element, "visibility", isShown ? "visible" : "hidden");

// What is drawn of each state, from below: class or pattern; see `_patterns.html`.
const FILLS = {
  destroyed: ["f-sunken", "#p-destroyed"],
  off: ["#p-off"],
  recorded: ["f-recorded"],
  extra: ["#p-off"],
  expiring: ["f-expiring", "#p-expiring"],
  held: ["f-held", "#p-held"],
  restricted: ["f-restricted", "#p-restricted"],
};
const ORDER = ["destroyed", "off", "gaps", "recorded", "extra", "expiring", "held", "restricted"];

/** The states of one stretch of time, one over the other. */
export class Bars {
  constructor(parent) {
    this.layers = new Map(ORDER.map((state) => [state, state === "gaps" ? gapLayer(parent) : fillLayer(state, parent)]));
  }

  /** `boxesOf(state)` gives what lies where on the px; bars are `height` high from `top` on. */
  draw(boxesOf, top, height) {
    for (const [state, layer] of this.layers) {
      const list = boxesOf(state);
      if (state !== "gaps") {
        const shape = path(list, top, height);
        for (const element of layer) put(element, "d", shape);
        continue;
      }
      const { wide, narrow } = byWidth(list, DASHED);
      put(layer[0], "d", path(wide, top, height, 0.5));
      put(layer[1], "d", path(narrow, top, height, 0.5));
    }
  }
}

const fillLayer = (state, parent) =>
  FILLS[state].map((fill) =>
    svg("path", fill.startsWith("#") ? { fill: `url(#${fill.slice(1)})` } : { class: fill }, parent));

const gapLayer = (parent) => [
  svg("path", { class: "none k-gap", "stroke-dasharray": "3 3" }, parent),
  svg("path", { class: "none k-gap" }, parent),
];

/** Where the states of a camera lie, for `Bars.draw`; `sources` as `Feed.sources` gives them. */
export const boxesFrom = (sources, code, view, width) => (state) => {
  const found = [];
  for (const { cameras, from, to } of sources) {
    const camera = cameras.get(code);
    if (!camera) continue;
    const spans = state === "destroyed" ? destroyedOf(camera, view) : camera[state];
    found.push(...boxes(spans, view, width, from, to));
  }
  return found;
};

const destroyedOf = (camera, view) =>
  camera.destroyedBefore != null && camera.destroyedBefore > view.from ? [view.from, camera.destroyedBefore] : [];

/** The row of one camera. `withMotion`: room for a motion strip above the bars. */
export class Row {
  constructor(cell, camera, label, withMotion) {
    this.cell = cell;
    this.code = camera.code;
    this.withMotion = withMotion;
    this.strip = svg("svg", {
      class: "strip strip--seek", role: "slider", tabindex: "-1", "aria-label": label,
      "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0", "aria-orientation": "horizontal",
    });
    this.track = svg("rect", { x: 0, y: 0, class: "f-sunken" }, this.strip);
    this.bars = new Bars(this.strip);
    this.motion = svg("path", { class: "f-motion o-70" }, this.strip);
    this.found = svg("path", { class: "f-accent" }, this.strip);
    this.dim = svg("path", { class: "tl__dim" }, this.strip);
    this.flags = svg("path", { class: "f-accent" }, this.strip);
    this.pick = svg("path", { class: "tl__pick" }, this.strip);
    this.edges = svg("path", { class: "tl__edges none k-accent" }, this.strip);
    this.caret = svg("line", { class: "tl__caret k-accent", y1: 0, visibility: "hidden" }, this.strip);
    this.head = svg("line", { class: "playhead k-ink", y1: 0, visibility: "hidden" }, this.strip);
    cell.replaceChildren(this.strip);
  }

  /** Everything but the playhead. `frame`: {view, width, height, sources, now, session, x, motion, marks}. */
  draw(frame) {
    const { view, width, height, x } = frame;
    const edge = 3;
    put(this.track, "y", edge);
    put(this.track, "height", height - 2 * edge);
    put(this.track, "width", Math.max(0, Math.min(width, x(frame.now))));
    const thick = this.withMotion ? Math.round(height / 3) : Math.round(height / 2);
    const top = this.withMotion ? height - edge - thick : Math.round((height - thick) / 2);
    this.bars.draw(boxesFrom(frame.sources, this.code, view, width), top, thick);
    const motion = frame.motion.get(this.code);
    put(this.motion, "d", motion ? motionPath(motion, view, width, top - 1, top - 1 - edge) : "");
    put(this.dim, "d", dimPath(frame));
    this.#drawMarks(frame);
    this.#drawPick(frame);
    for (const line of [this.caret, this.head]) put(line, "y2", height);
  }

  #drawMarks({ marks, x, view, width }) {
    const own = marks.filter((mark) => mark.camera === this.code);
    const spans = own.filter(isLong).flatMap((mark) => boxes([mark.at, mark.to], view, width));
    put(this.found, "d", path(spans, 0, 3));
    put(this.flags, "d", own.map((mark) => sign(mark, x(mark.at), 0)).join(""));
  }

  #drawPick({ pick, view, x, width, height }) {
    const isIn = Boolean(pick?.codes.includes(this.code));
    put(this.pick, "d", isIn ? path(boxes([pick.from, pick.to], view, width), 0, height) : "");
    const edges = isIn ? [pick.from, pick.to].filter((ms) => ms >= view.from && ms <= view.to) : [];
    put(this.edges, "d", edges.map((ms) => `M${x(ms)} 0v${height}`).join(""));
  }

  /** Moves the playhead or the caret; null hides it. */
  move(line, x) {
    show(line, x !== null);
    if (x === null) return;
    put(line, "x1", x);
    put(line, "x2", x);
  }
}

const isLong = (mark) => mark.to != null && mark.kind !== "still";

// A bookmark has a flag, a still a diamond; what was found by a search only its bar.
function sign({ kind, to }, x, y) {
  if (kind === "still") return `M${x} ${y}l4 4-4 4-4-4z`;
  return kind === "bookmark" || to == null ? `M${x} ${y}h7v6l-3.500-2.500L${x} ${y + 6}z` : "";
}

function dimPath({ session, view, width, height }) {
  if (!session) return "";
  const outside = [view.from, Math.max(view.from, session.starts), Math.max(view.from, session.ends), view.to];
  const list = [outside.slice(0, 2), outside.slice(2)].flatMap(([from, to]) =>
    to > from ? boxes([from, to], view, width) : []);
  return path(list, 0, height);
}

/** The scale above the rows, with the playhead's time and the marks that belong to no camera. */
export class Scale {
  constructor(cell, words) {
    this.words = words;
    this.strip = svg("svg", { class: "strip strip--scale", height: 20, "aria-hidden": "true" });
    this.band = svg("path", { class: "f-accent o-40" }, this.strip);
    this.lines = svg("path", { class: "none k-strong" }, this.strip);
    this.labels = svg("g", {}, this.strip);
    this.flags = svg("path", { class: "f-accent" }, this.strip);
    this.head = svg("g", { visibility: "hidden" }, this.strip);
    this.plate = svg("rect", { y: 0, width: 62, height: 15, rx: 3, class: "f-ink" }, this.head);
    this.text = svg("text", { y: 11.5, "text-anchor": "middle", class: "ph" }, this.head);
    this.tip = svg("path", { class: "f-ink" }, this.head);
    cell.replaceChildren(this.strip);
  }

  draw({ view, width, x, zone, marks, pick, band }) {
    const { major } = stepFor(view.to - view.from, width);
    const all = ticks(view.from, view.to, width, zone);
    put(this.lines, "d", all.map((tick) => `M${Math.round(x(tick.at)) + 0.5} ${tick.major ? 14 : 16}V20`).join(""));
    drawLabels(this.labels, all.filter((tick) => tick.major), { x, width, y: 11, text: (tick) => this.words.tick(tick, major) });
    const general = marks.filter((mark) => mark.camera == null);
    put(this.flags, "d", general.map((mark) => sign(mark, x(mark.at), 13)).join(""));
    const bands = general.filter(isLong).map((mark) => [mark.at, mark.to]);
    for (const each of [pick, band]) if (each) bands.push([each.from, each.to]);
    put(this.band, "d", bands.map((band) => path(boxes(band, view, width), 16, 4)).join(""));
  }

  /** The playhead's plate, at the edge where the head is near it. */
  move(x, width, ms) {
    show(this.head, x !== null);
    this.#clear(x === null ? null : Math.max(31, Math.min(width - 31, x)));
    if (x === null) return;
    const middle = Math.max(31, Math.min(width - 31, x));
    put(this.plate, "x", middle - 31);
    put(this.text, "x", middle);
    this.text.textContent = this.words.second(ms);
    put(this.tip, "d", `M${x - 4} 15h8l-4 5z`);
  }

  // A label that the plate would cut is not shown: half a time reads as another one.
  #clear(middle) {
    for (const label of this.labels.children) {
      const [at, wide, anchor] = [Number(label.getAttribute("x")), label.textContent.length * 6.8, label.getAttribute("text-anchor")];
      const centre = anchor === "start" ? at + wide / 2 : anchor === "end" ? at - wide / 2 : at;
      show(label, middle === null || Math.abs(centre - middle) > 33 + wide / 2);
    }
  }
}

/** Writes labels of ticks ({at, day}) as texts, reusing those that are there. */
function drawLabels(group, found, { x, width, y, text, last = null }) {
  const wide = (label) => label.length * 6.8;
  let labels = found.map((tick) => ({ ...tick, x: x(tick.at), text: text(tick), width: wide(text(tick)) }));
  if (last) labels.unshift({ at: null, day: true, x: width, text: last, width: 2 * wide(last) });
  labels = withoutOverlap(labels);
  while (group.childElementCount > labels.length) group.lastChild.remove();
  while (group.childElementCount < labels.length) svg("text", { y }, group);
  for (const [i, label] of labels.entries()) {
    const element = group.children[i];
    const half = label.width / 2;
    put(element, "x", Math.max(0, Math.min(width, label.x)));
    put(element, "text-anchor", label.x < half ? "start" : label.x > width - half ? "end" : "middle");
    put(element, "class", label.day ? "strong" : "");
    if (element.textContent !== label.text) element.textContent = label.text;
  }
}

/** The month above, with the stretch in view as a handle. */
export class Overview {
  constructor(cell, words, texts) {
    this.words = words;
    this.texts = texts;
    this.strip = svg("svg", { class: "strip strip--over", height: 30, role: "img" });
    this.track = svg("rect", { y: 3, height: 10, class: "f-sunken" }, this.strip);
    this.bars = new Bars(this.strip);
    this.labels = svg("g", {}, this.strip);
    this.handle = svg("rect", { y: 0, height: 16, rx: 2, class: "tl__handle none k-ink" }, this.strip);
    cell.replaceChildren(this.strip);
  }

  draw({ over, width, data, codes, zone, now }) {
    const x = (ms) => ((ms - over.from) / (over.to - over.from)) * width;
    put(this.track, "width", Math.max(0, Math.min(width, x(now))));
    const cameras = codes.map((code) => data?.cameras.get(code)).filter(Boolean);
    this.bars.draw((state) => unionOf(cameras, state, over, width), 3, 10);
    const all = ticks(over.from, over.to, width / 2, zone).filter((tick) => tick.major);
    const last = now <= over.to ? this.texts.today : null;
    drawLabels(this.labels, all, { x, width, y: 27, text: ({ at }) => this.words.day(at), last });
    for (const label of this.labels.children) put(label, "class", label.textContent === last ? "strong" : "");
  }

  /** Where the handle is: {left, long} in px. */
  place(view, over, width) {
    const scale = width / (over.to - over.from);
    const long = Math.max(SMALLEST_HANDLE, (view.to - view.from) * scale);
    const middle = ((view.from + view.to) / 2 - over.from) * scale;
    return { left: Math.max(0, Math.min(width - long, middle - long / 2)), long };
  }

  move(view, over, width) {
    const { left, long } = this.place(view, over, width);
    put(this.handle, "x", left);
    put(this.handle, "width", Math.min(long, width));
  }
}

/** The boxes of a state of any of the cameras; what is destroyed is so of all of them. */
function unionOf(cameras, state, view, width) {
  if (state === "destroyed") {
    if (!cameras.length) return [];
    const destroyedBefore = Math.min(...cameras.map((camera) => camera.destroyedBefore ?? -Infinity));
    return boxes(destroyedOf({ destroyedBefore }, view), view, width);
  }
  const marked = new Uint8Array(2 * Math.ceil(width) + 4);
  for (const camera of cameras) {
    const list = boxes(camera[state], view, width);
    for (let i = 0; i < list.length; i += 2) marked.fill(1, 2 * list[i], 2 * list[i + 1]);
  }
  const found = [];
  for (let i = 0; i < marked.length; i += 1)
    if (marked[i] !== (marked[i - 1] ?? 0)) found.push(i / 2);
  if (found.length % 2) found.push(marked.length / 2);
  return found;
}
