// Mouse, fingers and arrow keys on the picture: choose, move and size boxes, draw covers, pick the subject.

import { withKey } from "./data.js";
import { cornersOf, handleAt, moved, shifted } from "./picture.js";

const FAR_PX = 4; // less is a click
const LEAST_PX = 4; // of the recording: smaller boxes cover nobody
const CLOSE_PX = 12; // a click this near to a shape's first point closes it
const MOST_POINTS = 64;
const WAIT_MS = 600; // after the last arrow key, the box is sent
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Hands {
  #press = null; // {x, y, at, item, handle, from, moved}
  #points = null; // of a shape that is being drawn
  #timer = 0;

  constructor(editor) {
    this.editor = editor;
    this.picture = editor.picture;
    const { svg } = this.picture;
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", () => this.#drop());
    // A finger on what is chosen, or with a tool in hand, does not scroll the page.
    svg.addEventListener("touchstart", (event) => this.#holds(event.target) && event.preventDefault(), { passive: false });
    svg.addEventListener("dblclick", (event) => this.#double(event));
    svg.addEventListener("keydown", (event) => this.#key(event));
    svg.addEventListener("focusout", () => this.#send());
    svg.addEventListener("focusin", (event) => this.#focused(event));
    editor.addEventListener("chosen", () => this.#changed());
    editor.addEventListener("frame", () => this.#send());
    editor.hands = this;
  }

  // ---------- pointer ----------

  #down(event) {
    if (event.button || this.#press) return;
    const { editor, picture } = this;
    const key = event.target.closest?.("[data-box]")?.dataset.box;
    const item = key ? picture.itemOf(key) : null;
    if (editor.tool === "choose" && !item) return; // the room moves and zooms the picture
    event.stopPropagation();
    event.preventDefault();
    editor.room.pause();
    this.#send();
    const handle = event.target.dataset.handle;
    this.#press = { x: event.clientX, y: event.clientY, at: picture.portionOf(event), item, from: item?.shape, moved: false, handle: handle === undefined ? -1 : Number(handle) };
    picture.svg.setPointerCapture?.(event.pointerId);
    if (editor.tool === "choose" && item) editor.choose({ kind: item.kind, id: item.id });
  }

  #holds = (target) => this.editor.tool !== "choose" || Boolean(target.closest?.(".is-chosen"));

  #move(event) {
    if (this.#points) this.#outline(this.picture.portionOf(event));
    const press = this.#press;
    if (!press) return;
    event.stopPropagation();
    press.moved ||= Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR_PX;
    if (!press.moved || !this.editor.mayEdit) return;
    const at = this.picture.portionOf(event);
    const { tool } = this.editor;
    if (tool === "choose") this.#pull(press, at);
    else if (tool !== "polygon") this.#draft("new", boxOf(press.at, at), tool === "subject" ? "show" : "hand");
  }

  #pull(press, at) {
    const by = [at[0] - press.at[0], at[1] - press.at[1]];
    const clip = (value) => Math.min(1, Math.max(0, value));
    if (press.handle < 0) return this.#draft(press.item.key, shifted(press.from, by));
    const to = handleAt(press.from, press.handle).map((each, axis) => clip(each + by[axis]));
    return this.#draft(press.item.key, moved(press.from, press.handle, to));
  }

  #up(event) {
    const press = this.#press;
    this.#press = null;
    if (!press) return;
    event.stopPropagation();
    const at = this.picture.portionOf(event);
    const { tool, mayEdit } = this.editor;
    if (!mayEdit) return;
    if (tool === "choose") return press.moved && this.#send();
    if (tool === "polygon") return this.#point(at);
    if (!press.moved) return tool === "subject" && press.item && this.#pick(press.item);
    const box = boxOf(press.at, at);
    this.#clear();
    const [width, height] = this.picture.size;
    if (box[2] * width >= LEAST_PX && box[3] * height >= LEAST_PX) this.#made(box);
  }

  #drop() {
    this.#press = null;
    this.#clear();
  }

  #double(event) {
    if (this.editor.tool !== "choose" || event.target.closest("[data-box]")) event.stopPropagation();
    if (this.#points) this.#close();
  }

  // ---------- what is drawn ----------

  #draft(key, shape, tone = "hand", open = false) {
    this.picture.draft = { key, shape, tone, open, sent: false, frame: this.editor.frame };
    this.picture.soon();
  }

  #clear() {
    this.#points = null;
    this.picture.draft = null;
    this.picture.soon();
  }

  // Arrow keys are those of the box that has the focus: it has to be the chosen one.
  #changed() {
    if (this.#points && this.editor.tool !== "polygon") this.#clear();
    const focused = document.activeElement?.closest?.(".edit__boxes [data-box]");
    const item = focused && this.picture.itemOf(focused.dataset.box);
    if (focused && !(item && this.picture.isChosen(item))) focused.blur();
  }

  #point(at) {
    const { unit, size } = this.picture;
    const points = (this.#points ??= []);
    const near = points.length > 2 && Math.hypot((at[0] - points[0][0]) * size[0], (at[1] - points[0][1]) * size[1]) < CLOSE_PX * unit;
    if (near) return this.#close();
    points.push(at);
    if (points.length === MOST_POINTS) return this.#close();
    return this.#outline(at);
  }

  #outline(at) {
    this.#draft("new", [...this.#points, at], "hand", true);
  }

  #close() {
    const points = this.#points.filter(([x, y], place, all) => place === 0 || x !== all[place - 1][0] || y !== all[place - 1][1]);
    this.#clear();
    if (points.length > 2) this.#made(points);
    else this.editor.say("tooFew", "warn");
  }

  // A new shape: what it is for is told by the tool in hand.
  #made(shape, { focus = false } = {}) {
    const { editor } = this;
    const { facts, tool } = editor;
    if (tool === "subject") return this.#subject({ frame: editor.frame, box: shape });
    const id = facts.nextId();
    const isMask = tool === "mask";
    const polygon = typeof shape[0] === "number" ? cornersOf(shape) : shape;
    const stretch = editor.stretch ?? { first: editor.frame, last: facts.frames - 1 };
    const kind = tool === "polygon" ? "polygon" : "box";
    const body = isMask ? { id, polygon } : { id, shape: kind, keys: [{ frame: editor.frame, shape }], first: Math.min(stretch.first, editor.frame), last: Math.max(stretch.last, editor.frame) };
    this.#draft("new", shape, isMask ? "mask" : "hand");
    this.picture.draft.sent = true;
    editor.setTool("choose");
    editor.edit(isMask ? "mask" : "cover", body).then((done) => {
      this.#clear();
      if (!done) return;
      editor.choose({ kind: isMask ? "mask" : "cover", id });
      editor.say(isMask ? "maskMade" : editor.stretch ? "coverMade" : "coverMadeOpen");
      if (focus) this.picture.focus();
    });
  }

  #pick(item) {
    const { editor } = this;
    if (item.kind !== "track" && item.kind !== "subject") return editor.say("pickNone", "warn");
    return this.#subject({ frame: editor.frame, box: item.shape });
  }

  // Where nobody knows where the subject is, this tells it; else it is another one who is shown.
  #subject(body) {
    const { editor } = this;
    const { subject } = editor.facts;
    if (subject && !subject.boxAt(body.frame)) body.also = true;
    editor.setTool("choose");
    editor.edit("subject", body).then((done) => {
      if (!done) return;
      editor.choose({ kind: "subject", id: null });
      editor.say("subjectSet");
    });
  }

  // ---------- keys ----------

  #focused(event) {
    const key = event.target.closest("[data-box]")?.dataset.box;
    const item = key && this.picture.itemOf(key);
    if (item && !this.#press && !this.picture.isChosen(item)) this.editor.choose({ kind: item.kind, id: item.id });
  }

  #key(event) {
    const key = event.target.closest("[data-box]")?.dataset.box;
    const item = key && this.picture.itemOf(key);
    const step = ARROWS[event.key];
    if (!item || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") this.#enter(event, item);
    else if (event.key === "Escape" && this.picture.draft) {
      event.preventDefault();
      clearTimeout(this.#timer);
      this.#clear();
    } else if (step) this.#nudge(event, item, step);
  }

  // Enter on a box: what the tool in hand does with it; else what was moved is right, and so is the doubt.
  #enter(event, item) {
    event.preventDefault();
    event.stopPropagation();
    const { editor, picture } = this;
    if (event.key === " ") editor.room.toggle();
    else if (editor.tool === "subject") this.#pick(item);
    else if (editor.tool !== "choose") this.place();
    else if (picture.draft) this.#send();
    else if (editor.doubt) editor.settle();
  }

  #nudge(event, item, [x, y]) {
    event.preventDefault();
    event.stopPropagation();
    const { editor, picture } = this;
    if (!editor.mayEdit) return editor.say(editor.facts.work ? "notWhileWorking" : "notNow2", "warn");
    editor.room.pause();
    const [width, height] = picture.size;
    const many = event.shiftKey ? 10 : 1;
    const by = [(x * many) / width, (y * many) / height];
    this.#draft(item.key, event.altKey ? sized(item.shape, by, [LEAST_PX / width, LEAST_PX / height]) : shifted(item.shape, by));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), WAIT_MS);
  }

  /** Close a shape that is being drawn, or put a box in the middle of the picture: what Enter does with a tool. */
  place() {
    const { tool, chosenTrack } = this.editor;
    if (this.#points) return this.#close();
    if (tool === "choose") return undefined;
    const box = [0.4, 0.35, 0.2, 0.3];
    if (tool === "subject" && chosenTrack?.boxAt(this.editor.frame)) return this.#pick({ kind: "track", shape: chosenTrack.boxAt(this.editor.frame) });
    return this.#made(tool === "polygon" ? cornersOf(box) : box, { focus: true });
  }

  /** Forget what is being drawn; false where nothing was. */
  cancel() {
    const had = Boolean(this.#points || this.picture.draft);
    this.#drop();
    return had;
  }

  // ---------- what goes to the server ----------

  /** Send what was changed and is not sent yet. */
  flush() {
    this.#send();
  }

  // A box that was changed becomes the server's; it stays drawn until the answer.
  #send() {
    clearTimeout(this.#timer);
    const { editor, picture } = this;
    const { draft } = picture;
    if (!draft || draft.sent || draft.key === "new") return;
    draft.sent = true;
    const [kind, id] = draft.key.split(" ");
    const { shape, frame } = draft;
    if (kind === "track") editor.edit("box", { track: Number(id), frame, box: shape });
    else if (kind === "subject") editor.edit("subject", { frame, box: shape, also: true });
    else if (kind === "mask") editor.edit("mask", { id, polygon: shape });
    else {
      const cover = editor.facts.covers.find((each) => String(each.id) === id);
      if (cover) editor.edit("cover", coverBody(withKey(cover, frame, shape)));
    }
  }
}

/** The body that makes a cover what it is. */
export const coverBody = ({ id, kind, keys, first, last }) => ({ id, shape: kind, keys, first, last });

const boxOf = ([ax, ay], [bx, by]) => [Math.min(ax, bx), Math.min(ay, by), Math.abs(ax - bx), Math.abs(ay - by)];

// A box with its right and lower sides moved; a polygon is stretched from its upper left.
function sized(shape, [dx, dy], [leastX, leastY]) {
  if (typeof shape[0] === "number") {
    const [x, y, w, h] = shape;
    return [x, y, Math.min(1 - x, Math.max(leastX, w + dx)), Math.min(1 - y, Math.max(leastY, h + dy))];
  }
  const [left, top] = [0, 1].map((axis) => Math.min(...shape.map((point) => point[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...shape.map((point) => point[axis])));
  const stretch = (from, to, by) => Math.max(0.05, (Math.min(1, to + by) - from) / (to - from));
  const [sx, sy] = [stretch(left, right, dx), stretch(top, bottom, dy)];
  return shape.map(([x, y]) => [left + (x - left) * sx, top + (y - top) * sy]);
}

export function mountHands(editor) {
  new Hands(editor);
}
