// What the timeline says in words: beside the pointer, and to readers of the screen.

import { stateAt, total } from "./spans.js";
import { fill } from "./words.js";

const QUIET = 250; // ms without a change before a reader is told anew
const SUMMED = ["recorded", "gaps", "off", "held", "restricted", "expiring"];
const EDGE = 90; // px from an edge within which the note hangs on its other side

export class Hint {
  #timer = 0;

  constructor(element, words, texts) {
    Object.assign(this, { element, words, texts });
    this.note = document.createElement("div");
    this.note.className = "tl__hint";
    this.note.setAttribute("aria-hidden", "true");
    this.note.hidden = true;
    element.append(this.note);
  }

  hide() {
    this.note.hidden = true;
  }

  /** The time under the pointer and what there is of the camera; over a mark, what the mark says. */
  show(place, x, ms, camera, mark) {
    const lines = [this.words.full(ms)];
    if (place.row) lines.push(this.#stateText(camera, ms));
    if (mark) lines.push(mark.label);
    this.note.replaceChildren(...lines.map((line, i) => {
      const part = document.createElement(i ? "span" : "b");
      part.textContent = line;
      return part;
    }));
    this.note.hidden = false;
    const strip = place.row?.strip ?? this.element.querySelector(".strip--scale");
    const [outer, inner] = [this.element.getBoundingClientRect(), strip.getBoundingClientRect()];
    const left = inner.left - outer.left + x;
    this.note.style.setProperty("left", `${Math.max(EDGE, Math.min(outer.width - EDGE, left))}px`);
    this.note.style.setProperty("top", `${inner.top - outer.top + this.element.scrollTop}px`);
  }

  /** "Gap, 10:10:00–10:18:20 (8 min 20 s)" */
  #stateText(camera, ms) {
    const { state, from, to } = stateAt(camera, ms);
    const name = this.texts[`state_${state}`];
    if (from === null) return to === null ? name : fill(this.texts.state_before, { state: name, time: this.words.full(to) });
    return fill(this.texts.state_span, { state: name, span: this.words.clocks(from, to), duration: this.words.duration(to - from) });
  }

  /** Tell readers where the caret is and what is in view; not with each frame. */
  describe(timeline) {
    const focused = timeline.rows.find(({ strip }) => strip === document.activeElement);
    if (focused) this.#place(timeline, focused);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(timeline), QUIET);
  }

  #tell(timeline) {
    for (const row of timeline.rows) {
      this.#place(timeline, row);
      row.strip.setAttribute("aria-description", this.#summary(timeline, row.code));
    }
  }

  // What a slider's value is: where the caret is, and what there is of the camera.
  #place(timeline, { code, strip }) {
    const { from, to } = timeline.current;
    const at = timeline.caretOr();
    const share = Math.round(Math.max(0, Math.min(100, (100 * (at - from)) / (to - from))));
    const state = this.texts[`state_${stateAt(timeline.feed.cameraAt(code, at), at).state}`];
    strip.setAttribute("aria-valuenow", String(share));
    strip.setAttribute("aria-valuetext", fill(this.texts.value, { time: this.words.full(at), state }));
  }

  /** "In view: Sat 14 Nov 2026, 09:00–12:00. Recorded 2 h 51 min. Gap 9 min." */
  #summary(timeline, code) {
    const { from, to } = timeline.current;
    const parts = [fill(this.texts.in_view, { span: this.words.span(from, to) })];
    for (const state of SUMMED) {
      let ms = 0;
      for (const source of timeline.feed.sources(timeline.current)) {
        const camera = source.cameras.get(code);
        if (camera) ms += total(camera[state], source.from, source.to);
      }
      if (ms > 0) parts.push(fill(this.texts.sum, { state: this.texts[`state_${state}`], duration: this.words.duration(ms) }));
    }
    return parts.join(" ");
  }
}
