// Digital zoom of one picture: wheel, pinch or double click at a point, drag to move. Nothing is fetched for it.

const MOST = 8;
const DOUBLE = 2.5;

export class Zoom {
  #scale = 1;
  #x = 0;
  #y = 0;
  #fingers = new Map();
  #moved = false;

  /** `moved()` is told of each change. */
  constructor(tile, picture, moved = () => {}) {
    this.tile = tile;
    this.picture = picture;
    this.told = moved;
    tile.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    tile.addEventListener("dblclick", (event) => this.#double(event));
    tile.addEventListener("pointerdown", (event) => this.#down(event));
    tile.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) tile.addEventListener(name, (event) => this.#up(event));
  }

  /** Where a point of the tile (px) lies now. */
  at(x, y) {
    return [x * this.#scale + this.#x, y * this.#scale + this.#y];
  }

  get isIn() {
    return this.#scale > 1;
  }

  reset() {
    this.#set(1, 0, 0);
  }

  /** Zoom by `factor` around the middle. */
  by(factor) {
    const { width, height } = this.tile.getBoundingClientRect();
    this.#around(width / 2, height / 2, this.#scale * factor);
  }

  #wheel(event) {
    if (event.shiftKey || event.ctrlKey === false && Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    const [x, y] = this.#point(event);
    this.#around(x, y, this.#scale * Math.exp(-event.deltaY / 400));
  }

  #double(event) {
    if (event.target.closest("button")) return;
    const [x, y] = this.#point(event);
    if (this.isIn) this.reset();
    else this.#around(x, y, DOUBLE);
  }

  #down(event) {
    if (event.target.closest("button")) return;
    this.#fingers.set(event.pointerId, this.#point(event));
    this.#moved = false;
    if (this.isIn || this.#fingers.size > 1) this.tile.setPointerCapture?.(event.pointerId);
  }

  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const now = this.#point(event);
    if (this.#fingers.size === 2) this.#pinch(event.pointerId, before, now);
    else if (this.isIn) {
      this.#moved = true;
      this.#set(this.#scale, this.#x + now[0] - before[0], this.#y + now[1] - before[1]);
    }
    this.#fingers.set(event.pointerId, now);
  }

  #pinch(id, before, now) {
    const [, other] = [...this.#fingers].find(([each]) => each !== id);
    const apart = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
    this.#moved = true;
    this.#around((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, this.#scale * (apart(now) / apart(before)));
  }

  #up(event) {
    this.#fingers.delete(event.pointerId);
  }

  /** Whether the last press moved the picture: then it was no click and no swipe. */
  get moved() {
    return this.#moved;
  }

  #point(event) {
    const box = this.tile.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // The point of the picture under (x, y) stays there.
  #around(x, y, wish) {
    const scale = Math.min(MOST, Math.max(1, wish));
    const ratio = scale / this.#scale;
    this.#set(scale, x - (x - this.#x) * ratio, y - (y - this.#y) * ratio);
  }

  #set(scale, x, y) {
    const { width, height } = this.tile.getBoundingClientRect();
    this.#scale = scale < 1.02 ? 1 : scale;
    this.#x = this.isIn ? Math.min(0, Math.max(width * (1 - scale), x)) : 0;
    this.#y = this.isIn ? Math.min(0, Math.max(height * (1 - scale), y)) : 0;
    const { style } = this.picture;
    style.setProperty("transform-origin", "0 0");
    style.setProperty("transform", this.isIn ? `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})` : "none");
    this.tile.classList.toggle("is-zoomed", this.isIn);
    this.told();
  }
}
