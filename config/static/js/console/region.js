// A region of a picture, marked in the 16 x 9 cells that motion is known by: by dragging, by the corners of an
// outline, or by keyboard. It lies over a camera's tile and stays with its picture.

export const COLUMNS = 16;
export const ROWS = 9;
const SVG = "http://www.w3.org/2000/svg";
// Closer than this (in cells) to where a pointer went down, its way is a press and not a drag.
const PRESS = 0.4;
// So many points of a cell's 4 x 4 must lie inside an outline for the cell to be marked.
const ENOUGH = 2;

const make = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** The cells that an outline (corners in cells) covers: their numbers, row by row. Pure. */
export function cellsOf(corners) {
  const found = [];
  for (let cell = 0; cell < COLUMNS * ROWS; cell += 1) {
    let inside = 0;
    for (let point = 0; point < 16; point += 1) {
      const x = (cell % COLUMNS) + ((point % 4) + 0.5) / 4;
      const y = Math.floor(cell / COLUMNS) + (Math.floor(point / 4) + 0.5) / 4;
      if (holds(corners, x, y)) inside += 1;
    }
    if (inside >= ENOUGH) found.push(cell);
  }
  return found;
}

function holds(corners, x, y) {
  let inside = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
    const [ax, ay] = corners[i];
    const [bx, by] = corners[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

export class Region {
  #cells = new Set();
  #rects = [];
  #corners = [];
  #down = null;
  #at = 0;

  /** `tile` is the element with a video in it; `says(text)` is read out; `done(search)` leaves. */
  constructor(tile, { cells = [], texts, label, changed, done }) {
    this.tile = tile;
    this.texts = texts;
    this.changed = changed;
    this.done = done;
    this.#cells = new Set(cells);
    this.element = document.createElement("div");
    this.element.className = "region";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-label", label);
    this.live = document.createElement("p");
    this.live.className = "vh";
    this.live.setAttribute("aria-live", "polite");
    this.svg = make("svg", { viewBox: `0 0 ${COLUMNS} ${ROWS}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (let cell = 0; cell < COLUMNS * ROWS; cell += 1) {
      const rect = make("rect", { x: cell % COLUMNS, y: Math.floor(cell / COLUMNS), width: 1, height: 1 });
      this.#rects.push(rect);
      this.svg.append(rect);
    }
    this.box = make("rect", { class: "region__box", visibility: "hidden" });
    this.line = make("polyline", { class: "region__line", points: "" });
    this.svg.append(this.box, this.line);
    this.element.append(this.svg, this.live);
    tile.append(this.element);
    this.#listen();
    this.#watch = new ResizeObserver(() => this.place());
    this.#watch.observe(tile);
    this.place();
    this.#draw();
    this.element.focus();
  }

  #watch;

  /** The marked cells as [column, row]; all of the picture is none. */
  get cells() {
    return [...this.#cells].sort((a, b) => a - b).map((cell) => [cell % COLUMNS, Math.floor(cell / COLUMNS)]);
  }

  get numbers() {
    return [...this.#cells];
  }

  clear() {
    this.#cells.clear();
    this.#corners = [];
    this.#draw();
    this.changed();
  }

  close() {
    this.#watch.disconnect();
    this.element.remove();
  }

  /** Lie over the picture, not over the bars beside it. */
  place() {
    const video = this.tile.querySelector("video");
    const tile = this.tile.getBoundingClientRect();
    const { left, top, width, height } = video.getBoundingClientRect();
    const aspect = video.videoWidth ? video.videoWidth / video.videoHeight : 16 / 9;
    const wide = Math.min(width, height * aspect);
    const high = wide / aspect;
    const set = (name, value) => this.element.style.setProperty(name, `${value}px`);
    set("left", left - tile.left + (width - wide) / 2);
    set("top", top - tile.top + (height - high) / 2);
    set("width", wide);
    set("height", high);
  }

  #listen() {
    const quiet = (event) => event.stopPropagation();
    for (const name of ["dblclick", "click", "wheel"]) this.element.addEventListener(name, quiet);
    this.element.addEventListener("pointerdown", (event) => {
      quiet(event);
      if (event.button > 0) return;
      event.preventDefault();
      this.element.focus();
      this.element.setPointerCapture(event.pointerId);
      this.#down = this.#point(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      quiet(event);
      if (this.#down) this.#stretch(this.#point(event));
    });
    this.element.addEventListener("pointerup", (event) => {
      quiet(event);
      if (this.#down) this.#release(this.#point(event));
    });
    this.element.addEventListener("pointercancel", () => this.#forget());
    this.element.addEventListener("keydown", (event) => this.#press(event));
  }

  #point(event) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const inside = (value, most) => Math.min(Math.max(value, 0), most - 1e-6);
    return [
      inside(((event.clientX - left) / width) * COLUMNS, COLUMNS),
      inside(((event.clientY - top) / height) * ROWS, ROWS),
    ];
  }

  #stretch([x, y]) {
    const [fromX, fromY] = this.#down;
    if (Math.hypot(x - fromX, y - fromY) < PRESS) return;
    const edge = (a, b) => [Math.floor(Math.min(a, b)), Math.floor(Math.max(a, b)) + 1];
    const [[left, right], [top, bottom]] = [edge(x, fromX), edge(y, fromY)];
    for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top }))
      this.box.setAttribute(name, value);
    this.box.setAttribute("visibility", "visible");
  }

  #release([x, y]) {
    const [fromX, fromY] = this.#down;
    const dragged = this.box.getAttribute("visibility") === "visible" && Math.hypot(x - fromX, y - fromY) >= PRESS;
    this.#forget();
    if (dragged) return this.#fill(fromX, fromY, x, y);
    const first = this.#corners[0];
    if (first && this.#corners.length > 2 && Math.hypot(x - first[0], y - first[1]) < 2 * PRESS) return this.#outline();
    this.#corners.push([x, y]);
    this.#draw();
  }

  #forget() {
    this.#down = null;
    this.box.setAttribute("visibility", "hidden");
  }

  /** A dragged rectangle marks; one that begins on a marked cell clears. */
  #fill(ax, ay, bx, by) {
    this.#corners = [];
    const mark = !this.#cells.has(Math.floor(ay) * COLUMNS + Math.floor(ax));
    for (let row = Math.floor(Math.min(ay, by)); row <= Math.floor(Math.max(ay, by)); row += 1)
      for (let column = Math.floor(Math.min(ax, bx)); column <= Math.floor(Math.max(ax, bx)); column += 1)
        this.#set(row * COLUMNS + column, mark);
    this.#draw();
    this.changed();
  }

  #outline() {
    for (const cell of cellsOf(this.#corners)) this.#cells.add(cell);
    this.#corners = [];
    this.#draw();
    this.changed();
  }

  #set(cell, mark) {
    if (mark) this.#cells.add(cell);
    else this.#cells.delete(cell);
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && ![" ", "Backspace", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
      const column = Math.min(Math.max((this.#at % COLUMNS) + step[0], 0), COLUMNS - 1);
      const row = Math.min(Math.max(Math.floor(this.#at / COLUMNS) + step[1], 0), ROWS - 1);
      if (event.shiftKey) this.#set(this.#at, true);
      this.#at = row * COLUMNS + column;
      if (event.shiftKey) this.#set(this.#at, true);
    } else if (event.key === " ") {
      this.#set(this.#at, !this.#cells.has(this.#at));
    } else if (event.key === "Backspace") {
      if (this.#corners.pop()) return this.#draw();
      return this.clear();
    } else if (event.key === "Enter") {
      if (this.#corners.length > 2) return this.#outline();
      return this.done(true);
    } else {
      if (!this.#corners.length) return this.done(false);
      this.#corners = [];
      return this.#draw();
    }
    this.#draw();
    this.changed();
    this.#say();
  }

  #say() {
    const { texts } = this;
    const words = { column: (this.#at % COLUMNS) + 1, row: Math.floor(this.#at / COLUMNS) + 1, count: this.#cells.size };
    const state = this.#cells.has(this.#at) ? texts.regionOn : texts.regionOff;
    this.live.textContent = Object.entries(words).reduce(
      (text, [name, value]) => text.replace(`{${name}}`, value), texts.regionAt.replace("{state}", state),
    );
  }

  #draw() {
    this.#rects.forEach((rect, cell) => {
      rect.classList.toggle("is-on", this.#cells.has(cell));
      rect.classList.toggle("is-at", cell === this.#at);
    });
    this.line.setAttribute("points", this.#corners.map((corner) => corner.join(",")).join(" "));
  }
}
