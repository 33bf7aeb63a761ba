// What hands do on a timeline: wheel, drag, pinch, tap, hover. It says what was meant, in px; what becomes of
// it is the timeline's. Touch that goes up or down scrolls the page (touch-action: pan-y in console.css).

const SLOP = { mouse: 3, pen: 5, touch: 8 }; // px before a press is a drag
const PAUSE = 300; // ms that end a turn of the wheel
const LINE = 16; // px, where the wheel counts in lines

const distance = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);
const middle = ([a, b]) => (a.x + b.x) / 2;

export class Gestures {
  #pointers = new Map(); // id → {x, y, place}
  #doing = null; // {kind, place, x}: what the drag does
  #wheel = { at: 0, ours: false };

  /** `placeOf(event)`: what is under it, or null; `kindOf(place, event)`: what a drag from there does;
      then zoom(x, factor), pan(px), tap(place, x, event), drag(phase, kind, place, x, event), hover(place, x). */
  constructor(element, handlers) {
    this.on = handlers;
    this.stopping = new AbortController();
    const listen = (target, name, handler, options = {}) =>
      target.addEventListener(name, handler, { ...options, signal: this.stopping.signal });
    listen(element, "pointerdown", (event) => this.#down(event, element));
    listen(element, "pointermove", (event) => this.#move(event, element));
    listen(element, "pointerup", (event) => this.#up(event));
    listen(element, "pointercancel", (event) => this.#up(event, true));
    listen(element, "pointerleave", () => this.on.hover(null, 0));
    listen(window, "wheel", (event) => this.#noteWheel(event), { capture: true, passive: true });
    listen(element, "wheel", (event) => this.#turn(event), { passive: false });
  }

  stop() {
    this.stopping.abort();
  }

  // A page that is being scrolled goes on scrolling when the timeline comes under the pointer.
  #noteWheel(event) {
    if (event.timeStamp - this.#wheel.at > PAUSE) this.#wheel.ours = this.on.placeOf(event) !== null;
    this.#wheel.at = event.timeStamp;
  }

  #turn(event) {
    const place = this.on.placeOf(event);
    if (!place || !this.#wheel.ours) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) return this.on.pan(-(dx || dy));
    this.on.zoom(this.on.xOf(event), Math.exp(dy * (event.ctrlKey ? 0.01 : 0.0015)));
  }

  #down(event, element) {
    const place = this.on.placeOf(event);
    if (!place || event.button > 0) return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, place, startX: event.clientX, startY: event.clientY });
    if (this.#pointers.size < 2) return;
    if (this.#doing && this.#doing.kind !== "pinch") this.#end(event);
    this.#doing = { kind: "pinch" };
    for (const id of this.#pointers.keys()) element.setPointerCapture(id);
  }

  #move(event, element) {
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return this.on.hover(event.pointerType === "touch" ? null : this.on.placeOf(event), this.on.xOf(event));
    if (this.#doing?.kind === "pinch") return this.#pinch(event, pointer);
    const dx = event.clientX - pointer.x;
    if (!this.#doing) {
      // Up and down, a finger scrolls the page.
      const up = event.pointerType === "touch" ? 0 : event.clientY - pointer.startY;
      const far = Math.hypot(event.clientX - pointer.startX, up);
      if (far < (SLOP[event.pointerType] ?? SLOP.mouse)) return;
      element.setPointerCapture(event.pointerId);
      const x = this.on.xOf({ clientX: pointer.startX });
      this.#doing = { kind: this.on.kindOf(pointer.place, event, x), place: pointer.place };
      this.on.drag("start", this.#doing.kind, pointer.place, x, event);
    }
    pointer.x = event.clientX;
    if (this.#doing.kind === "pan") this.on.pan(dx);
    else this.on.drag("move", this.#doing.kind, this.#doing.place, this.on.xOf(event), event);
  }

  #pinch(event, pointer) {
    const both = [...this.#pointers.values()];
    if (both.length !== 2) return;
    const [far, at] = [distance(both), middle(both)];
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    this.on.pan(middle(both) - at);
    const now = distance(both);
    if (far > 10 && now > 10) this.on.zoom(this.on.xOf({ clientX: middle(both) }), far / now);
  }

  #up(event, isCancelled = false) {
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return;
    this.#pointers.delete(event.pointerId);
    if (!this.#doing) {
      if (!isCancelled) this.on.tap(pointer.place, this.on.xOf(event), event);
    } else if (this.#pointers.size === 0) this.#end(event);
  }

  #end(event) {
    const { kind, place } = this.#doing;
    this.#doing = null;
    if (kind !== "pinch") this.on.drag("end", kind, place, this.on.xOf(event), event);
  }
}
