// The boxes over the picture: whoever is tracked, what is covered by hand, and the handles of what is chosen.
// Everything is drawn in pixels of the recording; `unit` is what one pixel of the screen is of them.

import { fill } from "../console/timeline/words.js";
import { shapeAt } from "./data.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLE_PX = 9;
const REACH_PX = window.matchMedia("(pointer: coarse)").matches ? 40 : 18;
const TAG_PX = 16;
// Which sides a handle moves: [left or right, top or bottom].
const HANDLES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]];

export const element = (name, attributes = {}, parent = null) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
};

const isBox = (shape) => typeof shape[0] === "number";

/** The corners of a box, as a polygon. */
export const cornersOf = ([x, y, w, h]) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];

const areaOf = (shape) => {
  if (isBox(shape)) return shape[2] * shape[3];
  const [xs, ys] = [0, 1].map((axis) => shape.map((point) => point[axis]));
  return (Math.max(...xs) - Math.min(...xs)) * (Math.max(...ys) - Math.min(...ys));
};

export class Picture {
  #drawn = new Map(); // key -> {group, halo, shape, tag, text, handles}
  #shown = -1; // the frame of the picture that plays
  #asked = 0;
  /** A shape that is being changed or drawn and is not the server's yet: {key, shape, tone, open}. */
  draft = null;
  unit = 1;

  constructor(editor) {
    this.editor = editor;
    this.tile = document.querySelector("#players .tile");
    this.svg = this.tile.querySelector("[data-part=boxes]");
    this.video = this.tile.querySelector("video");
    this.whole = element("rect", { class: "edit__whole", width: "100%", height: "100%", visibility: "hidden" }, this.svg);
    this.plate = element("path", { class: "edit__plate", "fill-rule": "evenodd" }, this.svg);
    this.layer = element("g", {}, this.svg);
    const soon = () => this.soon();
    for (const name of ["facts", "chosen", "as"]) editor.addEventListener(name, soon);
    editor.addEventListener("frame", () => !editor.room.playing && this.draw());
    editor.room.addEventListener("state", soon);
    editor.addEventListener("facts", () => this.#settled());
    new ResizeObserver(soon).observe(this.svg);
    new MutationObserver(soon).observe(this.tile.querySelector("[data-part=picture]"), { attributeFilter: ["style"] });
    for (const name of ["loadedmetadata", "resize"]) this.video.addEventListener(name, soon);
    this.#follow();
  }

  // What moves is drawn with the picture that is on screen, not by the clock.
  #follow() {
    const note = (_now, { mediaTime }) => {
      const { facts, room } = this.editor;
      if (facts && room.playing) {
        this.#shown = facts.frameAt(room.facts.origin + mediaTime * 1000);
        this.draw();
      }
      this.video.requestVideoFrameCallback(note);
    };
    this.video.requestVideoFrameCallback?.(note);
  }

  // The server has answered: what was drawn meanwhile is its own now.
  #settled() {
    if (this.draft?.sent && !this.editor.saving) this.draft = null;
    else if (this.draft?.sent) setTimeout(() => this.#settled(), 0);
    this.soon();
  }

  soon() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.draw());
  }

  /** The frame that the boxes are drawn for. */
  get frame() {
    const { room, frame } = this.editor;
    return room.playing && this.#shown >= 0 ? this.#shown : frame;
  }

  /** Width and height of the recording's picture. */
  get size() {
    const { videoWidth, videoHeight } = this.video;
    const { width, height } = this.editor.facts?.size ?? {};
    if (width && height && videoWidth && Math.abs(width / height - videoWidth / videoHeight) < 0.02) return [width, height];
    return videoWidth ? [videoWidth, videoHeight] : [width || 16, height || 9];
  }

  /** Where a pointer is, in portions of the picture. */
  portionOf(event) {
    const matrix = this.svg.getScreenCTM();
    const [width, height] = this.size;
    const clip = (value) => Math.min(1, Math.max(0, value));
    return [clip((event.clientX - matrix.e) / matrix.a / width), clip((event.clientY - matrix.f) / matrix.d / height)];
  }

  /** What is drawn at the frame: [{key, kind, id, shape, tone, tag, label}], the largest first. */
  items(frame = this.frame) {
    const { facts, texts } = this.editor;
    if (!facts?.frames) return [];
    const found = [];
    const subject = facts.subject?.boxAt(frame);
    if (subject) found.push({ key: "subject", kind: "subject", id: null, shape: subject, tone: "show", tag: facts.subject.track ?? "★", label: texts.boxSubject });
    for (const track of facts.tracks.values()) {
      const shape = track.boxAt(frame);
      if (!shape || (track.subject && subject)) continue;
      const tone = this.#toneOf(track, frame);
      const label = fill(texts.boxTrack, { number: track.number, name: this.editor.nameOf(track), how: texts[`tone_${tone}`] });
      found.push({ key: `track ${track.number}`, kind: "track", id: track.number, shape, tone, tag: track.number, label });
    }
    for (const cover of facts.covers) {
      const shape = shapeAt(cover, frame);
      if (shape) found.push({ key: `cover ${cover.id}`, kind: "cover", id: cover.id, shape, tone: "hand", tag: "", label: texts.boxCover });
    }
    for (const mask of facts.masks)
      found.push({ key: `mask ${mask.id}`, kind: "mask", id: mask.id, shape: mask.polygon, tone: "mask", tag: "", label: texts.boxMask });
    // What is burnt in always is in the picture itself.
    for (const { id, polygon, scope } of facts.fixeds)
      if (scope === "copies") found.push({ key: `fixed ${id}`, kind: "fixed", id, shape: polygon, tone: "mask", tag: "", label: "" });
    return found.sort((a, b) => areaOf(b.shape) - areaOf(a.shape));
  }

  #toneOf(track, frame) {
    if (track.role === "show") return "show";
    if (track.isDoubtful(frame)) return "doubt";
    if (track.byHand(frame)) return "hand";
    return track.role === "manual" ? "manual" : track.kind === "motion" ? "motion" : "hide";
  }

  isChosen({ kind, id }) {
    const { chosen } = this.editor;
    if (!chosen) return false;
    if (kind === "subject") {
      const track = this.editor.facts.subject?.track;
      return chosen.kind === "subject" || (chosen.kind === "track" && chosen.id === track);
    }
    return chosen.kind === kind && chosen.id === id;
  }

  draw() {
    cancelAnimationFrame(this.#asked);
    const { facts, asLeaves, tool } = this.editor;
    if (!facts) return;
    const [width, height] = this.size;
    const box = `0 0 ${width} ${height}`;
    if (this.svg.getAttribute("viewBox") !== box) this.svg.setAttribute("viewBox", box);
    this.unit = 1 / (this.svg.getScreenCTM()?.a || 1);
    // Lines stay as thin as they are where the picture is zoomed into.
    this.svg.style.setProperty("--zoom", (this.svg.getBoundingClientRect().width / this.svg.clientWidth || 1).toFixed(3));
    this.svg.dataset.tool = tool;
    this.svg.classList.toggle("is-as", asLeaves && facts.frames > 0);
    this.svg.dataset.mode = facts.mode;
    this.whole.setAttribute("visibility", facts.isWhole(this.frame) ? "visible" : "hidden");
    this.#drawPlate(width, height);
    const items = this.items();
    const draft = this.draft;
    if (draft) {
      const item = items.find((each) => each.key === draft.key);
      if (item) item.shape = draft.shape;
      else items.push({ kind: "draft", id: null, tag: "", label: "", ...draft });
    }
    // What is chosen lies on top, with its handles.
    items.sort((a, b) => this.isChosen(a) - this.isChosen(b));
    this.#keep(items);
    let last = null;
    for (const item of items) last = this.#place(item, last);
  }

  // Where only the subject is shown, all but their box goes; the scene without people is the server's to draw.
  #drawPlate(width, height) {
    const box = this.editor.facts.subject?.boxAt(this.frame);
    const hole = box ? cornersOf(box).map(([x, y]) => `${(x * width).toFixed(1)} ${(y * height).toFixed(1)}`) : [];
    this.plate.setAttribute("d", `M0 0H${width}V${height}H0Z${box ? `M${hole.join("L")}Z` : ""}`);
  }

  #keep(items) {
    const keys = new Set(items.map((each) => each.key));
    for (const [key, { group }] of this.#drawn)
      if (!keys.has(key)) {
        group.remove();
        this.#drawn.delete(key);
      }
  }

  // Elements stay while their box does, so that the one that has the focus keeps it.
  #place(item, before) {
    let drawn = this.#drawn.get(item.key);
    if (!drawn) {
      drawn = this.#make(item);
      this.#drawn.set(item.key, drawn);
    }
    const { group } = drawn;
    const follows = before ? before.nextSibling === group : this.layer.firstChild === group;
    if (!follows && !group.contains(document.activeElement)) this.layer.insertBefore(group, before?.nextSibling ?? this.layer.firstChild);
    const chosen = this.isChosen(item) && !this.editor.room.playing;
    group.setAttribute("class", `box box--${item.tone}${chosen ? " is-chosen" : ""}${item.open ? " is-open" : ""}`);
    if (item.label) group.setAttribute("aria-label", item.label);
    this.#shape(drawn, item);
    this.#handles(drawn, item, (chosen && item.kind !== "fixed" && this.editor.tool === "choose" && this.editor.mayEdit) || item.open);
    return group;
  }

  #make(item) {
    const group = element("g", item.kind === "draft" || item.kind === "fixed" ? {} : { tabindex: "0", role: "button" });
    group.dataset.box = item.key;
    const halo = element("polygon", { class: "box__halo" }, group);
    const shape = element("polygon", { class: "box__shape" }, group);
    const tag = element("rect", { class: "box__tag" }, group);
    const text = element("text", { class: "box__text" }, group);
    this.layer.append(group);
    return { group, halo, shape, tag, text, handles: [] };
  }

  #shape(drawn, { shape, tag }) {
    const [width, height] = this.size;
    const corners = (isBox(shape) ? cornersOf(shape) : shape).map(([x, y]) => [x * width, y * height]);
    const points = corners.map((point) => point.map((each) => each.toFixed(1)).join()).join(" ");
    for (const each of [drawn.halo, drawn.shape]) each.setAttribute("points", points);
    const text = String(tag ?? "");
    if (drawn.text.textContent !== text) drawn.text.textContent = text;
    const { unit } = this;
    const [x, y] = [Math.min(...corners.map((point) => point[0])), Math.min(...corners.map((point) => point[1]))];
    const top = Math.max(0, y - TAG_PX * unit);
    const place = { x, y: top, width: text ? (8 + 8 * text.length) * unit : 0, height: TAG_PX * unit };
    for (const [name, value] of Object.entries(place)) drawn.tag.setAttribute(name, value.toFixed(2));
    drawn.text.setAttribute("x", (x + 4 * unit).toFixed(2));
    drawn.text.setAttribute("y", (top + 12.5 * unit).toFixed(2));
    drawn.text.setAttribute("font-size", (12 * unit).toFixed(2));
  }

  #handles(drawn, { shape }, wanted) {
    const places = wanted ? this.#places(shape) : [];
    while (drawn.handles.length > places.length) drawn.handles.pop().forEach((each) => each.remove());
    while (drawn.handles.length < places.length) {
      const number = drawn.handles.length;
      const made = ["box__handle", "box__reach"].map((name) => element("rect", { class: name }, drawn.group));
      made[1].dataset.handle = number;
      drawn.handles.push(made);
    }
    places.forEach(({ at: [x, y], from, to }, number) => {
      const half = (HANDLE_PX * this.unit) / 2;
      const [handle, reach] = drawn.handles[number];
      const rects = [[handle, [x - half, y - half, 2 * half, 2 * half]], [reach, [from[0], from[1], to[0] - from[0], to[1] - from[1]]]];
      for (const [rect, values] of rects) ["x", "y", "width", "height"].forEach((name, place) => rect.setAttribute(name, values[place].toFixed(2)));
    });
  }

  // Where the handles are, and what a finger that means them may touch: more of what is outside of a small box than
  // of its inside, which moves it.
  #places(shape) {
    const size = this.size;
    const half = (REACH_PX * this.unit) / 2;
    if (!isBox(shape))
      return shape.map((point) => {
        const at = point.map((each, axis) => each * size[axis]);
        return { at, from: at.map((each) => each - half), to: at.map((each) => each + half) };
      });
    return HANDLES.map((side) => {
      const found = { at: [], from: [], to: [] };
      side.forEach((direction, axis) => {
        const length = shape[axis + 2] * size[axis];
        const at = shape[axis] * size[axis] + (length * (direction + 1)) / 2;
        const inside = Math.min(half, length / 4);
        const outside = direction ? 2 * half - inside : inside;
        found.at.push(at);
        found.from.push(at - (direction > 0 ? inside : outside));
        found.to.push(at + (direction > 0 ? outside : direction < 0 ? inside : outside));
      });
      return found;
    });
  }

  /** Put the focus on the box of what is chosen; false where it has none in this picture. */
  focus() {
    const item = this.items().find((each) => this.isChosen(each));
    if (!item) return false;
    this.draw();
    const { group } = this.#drawn.get(item.key);
    group.focus();
    return true;
  }

  itemOf(key) {
    const item = this.items().find((each) => each.key === key);
    return item && this.draft?.key === key ? { ...item, shape: this.draft.shape } : (item ?? null);
  }
}

/** Where a handle of a shape is. */
export const handleAt = (shape, handle) =>
  isBox(shape) ? [0, 1].map((axis) => shape[axis] + (shape[axis + 2] * (HANDLES[handle][axis] + 1)) / 2) : shape[handle];

/** The shape with a handle moved to a point: a box keeps its opposite sides, a polygon its other corners. */
export function moved(shape, handle, [x, y]) {
  if (!isBox(shape)) return shape.map((point, place) => (place === handle ? [x, y] : point));
  const [across, down] = HANDLES[handle];
  const sides = [shape[0], shape[1], shape[0] + shape[2], shape[1] + shape[3]];
  if (across) sides[across < 0 ? 0 : 2] = x;
  if (down) sides[down < 0 ? 1 : 3] = y;
  const [left, right] = [sides[0], sides[2]].sort((a, b) => a - b);
  const [top, bottom] = [sides[1], sides[3]].sort((a, b) => a - b);
  return [left, top, right - left, bottom - top];
}

/** The shape moved by portions of the picture, kept inside it. */
export function shifted(shape, [dx, dy]) {
  const corners = isBox(shape) ? cornersOf(shape) : shape;
  const keep = (axis, by) => {
    const values = corners.map((point) => point[axis]);
    return Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by));
  };
  const [x, y] = [keep(0, dx), keep(1, dy)];
  if (isBox(shape)) return [shape[0] + x, shape[1] + y, shape[2], shape[3]];
  return shape.map((point) => [point[0] + x, point[1] + y]);
}

export function mountPicture(editor) {
  editor.picture = new Picture(editor);
}
