// What becomes of a gesture: which part of the timeline it is on, and whether it moves, picks or seeks.

import { grip } from "./spans.js";
import { zoomed } from "./view.js";

const REACH = { mouse: 5, pen: 8, touch: 18 }; // px around an edge of a selection
const NEAR = 7; // px around a mark
const ROUND = [1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000];

export class Hands {
  constructor(timeline) {
    this.timeline = timeline;
  }

  xOf = (event) => this.timeline.xOf(event);

  zoom(x, factor) {
    const line = this.timeline;
    line.go(zoomed(line.current, factor, line.at(x), line.bounds()));
  }

  pan = (px) => this.timeline.pan(-px);

  /** {kind: "over" | "scale" | "row", row}, or null beside the strips. */
  placeOf(event) {
    const line = this.timeline;
    const strip = event.target.closest?.("svg.strip");
    if (!strip || !line.element.contains(strip)) return null;
    if (strip === line.overview.strip) return { kind: "over" };
    if (strip === line.scale.strip) return { kind: "scale" };
    const row = line.rows.find((each) => each.strip === strip);
    return row ? { kind: "row", row } : null;
  }

  /** What a drag from there does: "over", "from" or "to" (an edge of the selection), "pick" or "pan". */
  kindOf(place, event, x) {
    const { options, pick } = this.timeline;
    if (place.kind === "over") return "over";
    if (pick && options.drag === "pick") {
      const reach = REACH[event.pointerType] ?? REACH.mouse;
      const held = grip(x, this.timeline.x(pick.from), this.timeline.x(pick.to), reach);
      if (held === "from" || held === "to") return held;
    }
    return options.onSelect && (options.drag === "pick") !== event.shiftKey ? "pick" : "pan";
  }

  tap(place, x) {
    const line = this.timeline;
    if (place.kind === "over") return this.#centre(x);
    const ms = line.at(x);
    line.caret = ms;
    if (line.options.onSeek) line.options.onSeek(place.row?.code ?? null, ms);
    else line.moveCaret(ms);
  }

  #centre(x) {
    const { over, width, current } = this.timeline;
    const at = over.from + (x / width) * (over.to - over.from);
    const half = (current.to - current.from) / 2;
    this.timeline.go({ from: at - half, to: at + half });
  }

  drag(phase, kind, place, x, event) {
    const line = this.timeline;
    line.hint.hide();
    line.element.classList.toggle("is-panning", kind === "pan" && phase !== "end");
    if (kind === "over") this.#centre(x);
    if (kind === "pan" || kind === "over") return;
    const ms = Math.max(line.bounds().from, Math.min(line.now(), this.#round(line.at(x))));
    if (phase === "start") this.anchor = this.#anchor(kind, ms, place);
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-row]")?.dataset.row;
    const codes = kind === "pick" ? this.#between(place.row?.code, under) : line.pick.codes;
    line.setPick({ from: Math.min(this.anchor, ms), to: Math.max(this.anchor, ms), codes });
    if (phase === "end") line.select();
  }

  // On round times, as far as a px allows: nobody means 10:02:13.
  #round(ms) {
    const { width, current } = this.timeline;
    const step = ROUND.findLast((each) => each <= (2 * (current.to - current.from)) / width) ?? 1;
    return Math.round(ms / step) * step;
  }

  // Where the other end of the selection stays.
  #anchor(kind, ms, place) {
    const { pick } = this.timeline;
    if (kind === "pick") {
      if (!this.timeline.options.onSeek) place.row?.strip.focus({ preventScroll: true });
      return ms;
    }
    return kind === "from" ? pick.to : pick.from;
  }

  #between(first, last) {
    const { codes } = this.timeline;
    const [a, b] = [codes.indexOf(first), codes.indexOf(last ?? first)];
    if (a < 0) return [];
    return codes.slice(Math.min(a, Math.max(b, 0)), Math.max(a, b) + 1);
  }

  hover(place, x) {
    const line = this.timeline;
    if (!place || place.kind === "over" || !line.width) return line.hint.hide();
    const ms = line.at(x);
    const mark = line.marks.find((each) => this.#isNear(each, place, x));
    line.hint.show(place, x, ms, place.row && line.feed.cameraAt(place.row.code, ms), mark);
  }

  #isNear(mark, place, x) {
    if ((mark.camera ?? null) !== (place.row?.code ?? null) || !mark.label) return false;
    const at = this.timeline.x(mark.at);
    return Math.abs(at - x) < NEAR || (mark.to != null && at <= x && x <= this.timeline.x(mark.to));
  }
}
