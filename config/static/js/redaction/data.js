// What the server knows of a redaction, as the editor reads it: tracks with a box for each frame, doubts, covers.
// Frames count from 0 over the whole span; boxes are portions of the picture, [x, y, w, h]. Pure.

const bytesOf = (text) => Uint8Array.from(atob(text ?? ""), (letter) => letter.charCodeAt(0));

const within = (ranges, frame) => ranges.some(([first, last]) => first <= frame && frame <= last);

/** Boxes of consecutive frames. */
class Boxes {
  #values;

  constructor(first, text) {
    this.first = first;
    this.#values = Boxes.#valuesOf(text);
    this.count = this.#values.length >> 2;
  }

  static #valuesOf(text) {
    const bytes = bytesOf(text);
    return new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  }

  /** The same with other boxes from a frame on. */
  patched(first, text) {
    const made = new Boxes(this.first, "");
    made.#values = this.#values.slice();
    made.#values.set(Boxes.#valuesOf(text), (first - this.first) * 4);
    made.count = this.count;
    return made;
  }

  /** The box at a frame; null where none is known. */
  at(frame) {
    const place = (frame - this.first) * 4;
    if (place < 0 || place + 4 > this.#values.length) return null;
    const [x, y, w, h] = this.#values.subarray(place, place + 4);
    return w && h ? [x / 65535, y / 65535, w / 65535, h / 65535] : null;
  }
}

class Track {
  constructor(told) {
    Object.assign(this, told);
    this.last = told.first + told.count - 1;
    this.boxes = new Boxes(told.first, told.boxes);
  }

  boxAt = (frame) => this.boxes.at(frame);
  byHand = (frame) => within(this.hand, frame);
  isDoubtful = (frame) => within(this.doubtful, frame);
}

class Subject {
  constructor(told, before = null) {
    this.track = told.track;
    this.boxes = told.patch ? before.boxes.patched(told.first, told.boxes) : new Boxes(told.first, told.boxes);
    this.first = this.boxes.first;
    this.last = this.first + this.boxes.count - 1;
  }

  boxAt = (frame) => this.boxes.at(frame);

  /** Stretches of frames in which it is known where the subject is. */
  get known() {
    const found = [];
    for (let frame = this.first; frame <= this.last; frame++) {
      if (!this.boxes.at(frame)) continue;
      if (found.length && found.at(-1)[1] === frame - 1) found.at(-1)[1] = frame;
      else found.push([frame, frame]);
    }
    return found;
  }
}

/** The outline around all of these points: shapes of other corners do not turn into each other. */
function hullOf(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const half = (row) => {
    const found = [];
    for (const [x, y] of row) {
      while (found.length > 1) {
        const [[ax, ay], [bx, by]] = found.slice(-2);
        if ((bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0) break;
        found.pop();
      }
      found.push([x, y]);
    }
    return found.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

/** The shape of a cover at a frame, between its keyframes as the renderer draws it; null where it is not drawn. */
export function shapeAt(cover, frame) {
  if (frame < cover.first || frame > cover.last || !cover.keys.length) return null;
  const after = cover.keys.findIndex((key) => key.frame >= frame);
  if (after === 0 || after < 0) return cover.keys.at(after).shape;
  const [a, b] = [cover.keys[after - 1], cover.keys[after]];
  if (a.shape.length !== b.shape.length) return hullOf([...a.shape, ...b.shape]);
  const share = (frame - a.frame) / (b.frame - a.frame);
  const mix = (one, other) => (Array.isArray(one) ? one.map((each, place) => mix(each, other[place])) : one + (other - one) * share);
  return mix(a.shape, b.shape);
}

/** The cover with this shape at this frame: one more keyframe, or another one in its place. */
export function withKey(cover, frame, shape) {
  const keys = [...cover.keys.filter((key) => key.frame !== frame), { frame, shape }].sort((a, b) => a.frame - b.frame);
  return { ...cover, keys };
}

/** Whether something is told on top of what these facts have. */
export const fits = (told, facts) => told.of === undefined || told.of === facts?.basis;

export class Facts {
  /** `before`: the facts that only changes are told of; those are not changed. */
  constructor(told, before = null) {
    Object.assign(this, told.redaction);
    const { frames } = told;
    const rest = told.of === undefined ? null : before;
    const bytes = bytesOf(frames.times);
    this.basis = told.basis ?? "";
    this.starts = frames.startMs;
    this.times = rest?.times ?? new Int32Array(bytes.buffer, 0, bytes.length >> 2);
    this.frames = this.times.length;
    this.size = told.size ?? { width: 0, height: 0 };
    this.tracks = new Map(rest?.tracks);
    for (const number of told.gone ?? []) this.tracks.delete(number);
    for (const each of told.tracks) this.tracks.set(each.number, new Track(each));
    this.subject = told.subject ? new Subject(told.subject, rest?.subject) : null;
    for (const name of ["covers", "masks", "doubts", "whole"]) this[name] = told[name] ?? [];
    this.fixeds = told.fixed ?? []; // the camera's own masks
    for (const name of ["undo", "redo", "urls"]) this[name] = told[name] ?? {};
  }

  /** The frame that is shown at a moment (epoch ms). A browser's times are off by fractions of a millisecond. */
  frameAt(ms) {
    const at = ms - this.starts + 1.5;
    let [low, high] = [0, this.frames];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** When a frame was recorded, epoch ms. */
  momentOf(frame) {
    return this.starts + (this.times[Math.min(Math.max(frame, 0), this.frames - 1)] ?? 0);
  }

  isWhole = (frame) => within(this.whole, frame);

  get doubtsLeft() {
    return this.doubts.filter((each) => !each.settled).length;
  }

  /** A number that no cover and no mask has. */
  nextId() {
    let number = this.covers.length + this.masks.length + 1;
    const taken = new Set([...this.covers, ...this.masks].map((each) => String(each.id)));
    while (taken.has(`h${number}`)) number += 1;
    return `h${number}`;
  }
}
