// The tracks over time: a row each, with what is hidden, shown, doubtful and set by hand; the playhead; a press goes
// to a moment. x is in percent, so that patterns never stretch.

import { fill } from "../console/timeline/words.js";
import { ticks } from "../console/timeline/scale.js";
import { element } from "./picture.js";
import { isMotion, order, orderOf, toneOf } from "./side.js";

const part = (name) => document.querySelector(`[data-rows="${name}"]`);
const LEAST_MS = 1000; // the closest view
const STEP = 2;
const PILL_PX = 62;

class Rows {
  #rows = new Map(); // key -> {name, strip, svg}
  #view = null; // {from, to} in epoch ms
  #held = null; // the row that a pointer is down in
  #asked = 0;

  constructor(editor) {
    this.editor = editor;
    this.grid = document.querySelector("[data-edit=rows]");
    this.scale = part("scale");
    this.slider = part("slider");
    this.pill = element("svg", { overflow: "visible" }, part("head"));
    element("rect", { x: -PILL_PX / 2, width: PILL_PX, height: 16, rx: 3, class: "f-ink" }, this.pill);
    this.pillText = element("text", { y: 12, "text-anchor": "middle", class: "ph edit__pill" }, this.pill);
    editor.addEventListener("facts", () => this.#facts());
    editor.addEventListener("frame", () => this.#moment());
    editor.addEventListener("chosen", () => this.#chosen());
    editor.room.addEventListener("moment", () => this.#moment());
    editor.room.onAct("rows-in", () => this.zoom(1 / STEP));
    editor.room.onAct("rows-out", () => this.zoom(STEP));
    new ResizeObserver(() => this.#soon()).observe(this.scale);
    this.#listen();
    editor.rows = this;
  }

  get #span() {
    const { facts } = this.editor;
    const last = facts.momentOf(facts.frames - 1);
    return { from: facts.starts, to: Math.max(last + (last - facts.momentOf(facts.frames - 2)), facts.starts + LEAST_MS) };
  }

  #share = (ms) => ((ms - this.#view.from) / (this.#view.to - this.#view.from)) * 100;

  // ---------- what people do ----------

  #listen() {
    const { grid, slider, editor } = this;
    grid.addEventListener("pointerdown", (event) => {
      const strip = event.target.closest(".tl__row");
      if (!strip || event.button || !this.#view) return;
      this.#held = strip;
      strip.setPointerCapture?.(event.pointerId);
      if (strip.dataset.track) editor.choose({ kind: "track", id: Number(strip.dataset.track) });
      editor.room.pause();
      this.#seek(event);
    });
    grid.addEventListener("pointermove", (event) => this.#held && this.#seek(event));
    for (const name of ["pointerup", "pointercancel"]) grid.addEventListener(name, () => (this.#held = null));
    grid.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    slider.addEventListener("keydown", (event) => {
      const to = { Home: 0, End: (editor.facts?.frames ?? 1) - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      editor.goTo(to);
    });
  }

  #at(event) {
    const box = this.scale.getBoundingClientRect();
    return this.#view.from + ((event.clientX - box.left) / box.width) * (this.#view.to - this.#view.from);
  }

  #seek(event) {
    const { from, to } = this.#view;
    this.editor.room.seek(Math.min(Math.max(this.#at(event), from), to - 1));
  }

  #wheel(event) {
    const scroller = this.grid.parentElement;
    const scrolls = scroller.scrollHeight > scroller.clientHeight + 1 && !event.target.closest(".tl__scale");
    if (!this.#view || (scrolls && !event.ctrlKey) || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    this.zoom(Math.exp(event.deltaY / 300), this.#at(event));
  }

  /** Show `factor` times as much, around a moment. */
  zoom(factor, around = this.editor.room.moment) {
    if (!this.#view) return;
    const { from, to } = this.#view;
    const span = this.#span;
    const length = Math.min(span.to - span.from, Math.max(LEAST_MS, (to - from) * factor));
    const start = around - ((around - from) / (to - from)) * length;
    this.#look(Math.min(Math.max(start, span.from), span.to - length), length);
  }

  #look(from, length) {
    this.#view = { from, to: from + length };
    this.#soon();
  }

  // ---------- what is drawn ----------

  #facts() {
    const { facts, texts, words } = this.editor;
    part("head").setAttribute("visibility", facts.frames ? "visible" : "hidden");
    if (!facts.frames) return;
    const span = this.#span;
    if (!this.#view || this.#view.to > span.to || this.#view.from < span.from) this.#view = { ...span };
    part("length").textContent = fill(texts.lengthOf, { length: words.duration(span.to - span.from) });
    this.slider.setAttribute("aria-valuemax", facts.frames - 1);
    this.#draw();
  }

  #soon() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    if (!this.#view) return;
    const { facts } = this.editor;
    this.#drawScale();
    const wanted = [...this.#wanted()];
    const keys = new Set(wanted.map((each) => each.key));
    for (const [key, row] of this.#rows)
      if (!keys.has(key)) {
        row.name.remove();
        row.strip.remove();
        this.#rows.delete(key);
      }
    for (const row of wanted) this.#drawRow(row, facts);
    order(this.grid, [...this.grid.querySelectorAll(".tl__scale"), ...wanted.flatMap(({ key }) => [this.#rows.get(key).name, this.#rows.get(key).strip])]);
    this.#chosen();
    this.#moment();
  }

  // The rows, each with its stretches: [{key, track, number, tone, name, parts: [[tone, first, last]]}].
  *#wanted() {
    const { editor } = this;
    const { facts, texts } = editor;
    const { subject } = facts;
    if (subject && !facts.tracks.has(subject.track))
      yield { key: "subject", number: "★", tone: "track__n--shown", name: texts.nameSubject, parts: subject.known.map((range) => ["show", ...range]) };
    const tracks = orderOf(facts);
    for (const track of tracks.filter((each) => !isMotion(each))) {
      const base = track.subject || track.role === "show" ? "show" : track.role === "manual" ? "manual" : "hide";
      const parts = [[base, track.first, track.last], ...track.doubtful.map((range) => ["doubt", ...range]), ...track.hand.map((range) => ["hand", ...range])];
      yield { key: `track ${track.number}`, track: track.number, number: track.number, tone: toneOf(track), name: editor.nameOf(track), parts };
    }
    // What only moved is many short tracks: one row for all of them.
    const motion = tracks.filter(isMotion);
    const doubtful = motion.flatMap((track) => track.doubtful.map((range) => ["doubt", ...range]));
    if (motion.length) yield { key: "motion", number: "", tone: "is-none", name: texts.rowMotion, parts: [...motion.map((track) => ["hide", track.first, track.last]), ...doubtful] };
    const covers = [...facts.covers.entries()];
    for (const [place, cover] of covers)
      yield { key: `cover ${cover.id}`, number: place + 1, tone: "track__n--hand", name: texts[`cover_${cover.kind}`], parts: [["hand", cover.first, cover.last]] };
    if (facts.whole.length) yield { key: "whole", number: "", tone: "is-none", name: texts.rowWhole, parts: facts.whole.map((range) => ["whole", ...range]) };
  }

  #make({ key, track }) {
    const name = document.getElementById("row-name").content.firstElementChild.cloneNode(true);
    const strip = document.createElement("div");
    strip.className = "tl__row";
    const button = name.querySelector("button");
    const [kind, id] = key.split(" ");
    if (kind === "cover") [button.dataset.act, button.value] = ["cover", key];
    else if (track !== undefined) strip.dataset.track = button.value = track;
    else button.dataset.act = "";
    if (!id) button.disabled = true;
    const svg = element("svg", { class: "strip", height: 22, "aria-hidden": "true" });
    strip.append(svg);
    return { name, strip, svg, number: name.querySelector("[data-part=number]"), text: name.querySelector("[data-part=name]") };
  }

  #drawRow(wanted, facts) {
    if (!this.#rows.has(wanted.key)) this.#rows.set(wanted.key, this.#make(wanted));
    const { svg, number, text } = this.#rows.get(wanted.key);
    number.textContent = wanted.number;
    number.className = `track__n trk-s ${wanted.tone}`;
    text.textContent = wanted.name;
    const drawn = [element("rect", { y: 4, width: "100%", height: 14, class: "f-sunken" })];
    for (const [tone, first, last] of wanted.parts) {
      const from = Math.max(0, this.#share(facts.momentOf(first)));
      const to = Math.min(100, this.#share(last + 1 < facts.frames ? facts.momentOf(last + 1) : this.#span.to));
      if (to <= 0 || from >= 100) continue;
      drawn.push(...STRETCHES[tone]({ x: `${from.toFixed(3)}%`, width: `${Math.max(0.15, to - from).toFixed(3)}%` }));
    }
    svg.replaceChildren(...drawn);
  }

  #drawScale() {
    const { words, room } = this.editor;
    const { from, to } = this.#view;
    const width = this.scale.clientWidth || 600;
    const drawn = ticks(from, to, width, words.zone).flatMap((tick) => {
      const x = this.#share(tick.at);
      const line = element("line", { x1: `${x}%`, x2: `${x}%`, y1: tick.major ? 15 : 17, y2: 20, class: tick.major ? "k-strong" : "k-line" });
      if (!tick.major) return [line];
      const side = (x / 100) * width < 24 ? "start" : (1 - x / 100) * width < 24 ? "end" : "middle";
      const text = element("text", { x: `${x}%`, y: 12, "text-anchor": side });
      text.textContent = to - from < 90_000 ? words.second(tick.at) : words.minute(tick.at);
      return [line, text];
    });
    this.scale.replaceChildren(...drawn);
    room.view = this.#view;
  }

  #moment() {
    const { facts, room, words, frame } = this.editor;
    if (!facts?.frames || !this.#view || room.moment === null) return;
    const { from, to } = this.#view;
    const ms = room.moment;
    // The view follows a playhead that has left it.
    if (!this.#held && (ms < from || ms >= to) && room.playing !== undefined) {
      const span = this.#span;
      const start = Math.min(Math.max(ms - (to - from) / 10, span.from), span.to - (to - from));
      if (Math.abs(start - from) > 1) return this.#look(start, to - from);
    }
    const x = this.#share(ms);
    const line = part("line");
    line.setAttribute("x1", `${x}%`);
    line.setAttribute("x2", `${x}%`);
    // The pill stays beside the names.
    const width = this.scale.clientWidth;
    this.pill.setAttribute("x", Math.min(Math.max((x / 100) * width, PILL_PX / 2), width - PILL_PX / 2).toFixed(1));
    const text = words.second(ms);
    if (this.pillText.textContent !== text) this.pillText.textContent = text;
    this.slider.setAttribute("aria-valuenow", frame);
    if (!room.playing) this.slider.setAttribute("aria-valuetext", words.full(ms));
  }

  #chosen() {
    const { chosen, stretch, facts } = this.editor;
    for (const [key, { strip, name }] of this.#rows) {
      const is = chosen && (key === `${chosen.kind} ${chosen.id}` || (chosen.kind === "subject" && key === `track ${facts.subject?.track}`));
      for (const each of [strip, name]) each.classList.toggle("is-chosen", Boolean(is));
    }
    if (!this.#view) return;
    const rect = part("stretch");
    rect.setAttribute("visibility", stretch ? "inherit" : "hidden");
    if (!stretch) return;
    const [from, to] = [this.#share(facts.momentOf(stretch.first)), this.#share(facts.momentOf(stretch.last))];
    rect.setAttribute("x", `${Math.max(0, from)}%`);
    rect.setAttribute("width", `${Math.max(0, Math.min(100, to) - Math.max(0, from))}%`);
  }
}

const bar = (className, place, more = {}) => element("rect", { y: 6, height: 10, class: className, ...more, ...place });
const STRETCHES = {
  hide: (place) => [bar("f-destroyed", place), bar("o-40", place, { fill: "url(#p-held)" })],
  show: (place) => [bar("none k-accent", place, { y: 6.75, height: 8.5, "stroke-width": 1.5 })],
  manual: (place) => [bar("f-line", place, { y: 10, height: 2 })],
  doubt: (place) => [bar("f-expiring", place), bar("", place, { fill: "url(#p-expiring)" })],
  hand: (place) => [bar("f-held", place)],
  whole: (place) => [bar("f-ink3", place)],
};

export function mountRows(editor) {
  new Rows(editor);
}
