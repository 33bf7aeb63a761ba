// A timeline: a row of states per camera under one scale, a month above it. It shows and chooses times;
// what becomes of them is the page's. No picture is ever asked for here.
//
//   const timeline = mountTimeline(element, {url, zone, zoneNames, starts, ends, cameras: [{code, name}],
//     session: {starts, ends} | null, now, withMotion, drag: "pan" | "pick", moment: () => ms | null,
//     onSeek(code, ms), onSelect(code, from, to, codes), texts});
//   .draw() .view() .show(from, to) .zoom(span) .setMarks([{camera, at, to, kind, label}])
//   .setMotion(code, {from, step_ms, levels}) .setBand({from, to} | null) .setShown({chosen, shown})
//   .setPick({from, to, codes} | null) .setDrag("pan" | "pick") .on("view" | "pick" | "caret", handler) .destroy()
//
// All times are epoch ms. `element` holds what `_timeline.html` renders: cells for the month, the scale and
// the cameras (data-row=code); a cell that is missing is made. Buttons with data-timeline-zoom=<ms> anywhere
// on the page zoom it.

import { Overview, Row, Scale } from "./timeline/draw.js";
import { Feed } from "./timeline/feed.js";
import { Gestures } from "./timeline/gestures.js";
import { Hands } from "./timeline/hands.js";
import { Hint } from "./timeline/hint.js";
import { onKey } from "./timeline/keys.js";
import { nextEdge } from "./timeline/spans.js";
import { keyStep, monthAround, showing, within, zoomed } from "./timeline/view.js";
import { Words } from "./timeline/words.js";
import { DAY } from "./timeline/zone.js";

const ROW = 24; // px, until it is measured
const REFRESH = 15_000;

export const mountTimeline = (element, options) => new Timeline(element, options);

export class Timeline extends EventTarget {
  #frame = 0;
  #stale = true; // more than the playhead must be drawn
  #headWasIn = false;
  #pinned = false; // the right edge is now, and goes on with it
  #stopping = new AbortController();

  constructor(element, options) {
    super();
    this.element = element;
    this.options = { moment: () => null, drag: "pan", session: null, withMotion: false, now: Date.now(), ...options };
    this.zone = options.zone;
    this.texts = options.texts;
    const language = document.documentElement.lang || "en";
    this.words = new Words(this.zone, { language, names: options.zoneNames, texts: this.texts });
    this.codes = options.cameras.map(({ code }) => code);
    this.skew = this.options.now - Date.now();
    this.pick = null;
    this.band = null;
    this.marks = [];
    this.motion = new Map();
    this.width = 0;
    this.feed = new Feed({
      url: options.url, codes: this.codes, onData: () => this.#arrived(), onError: (reason) => this.#failed(reason),
    });
    this.#build();
    this.current = within(options.starts, options.ends, this.bounds());
    this.#pinned = this.current.to >= this.now() - 1000;
    this.caret = null;
    this.#listen();
    this.#measure();
  }

  // ---- parts ----

  #build() {
    const cell = (selector, name) => this.element.querySelector(selector) ?? this.#makeCell(name);
    this.overview = new Overview(cell("[data-timeline-over]", "over"), this.words, this.texts);
    this.overview.strip.setAttribute("aria-label", this.texts.overview);
    this.scale = new Scale(cell("[data-timeline-scale]", "scale"), this.words);
    this.day = this.element.querySelector("[data-timeline-day]");
    this.rows = this.options.cameras.map((camera) => {
      const place = this.element.querySelector(`[data-row="${CSS.escape(camera.code)}"]`) ?? this.#makeRow(camera);
      const label = this.texts.row.replace("{camera}", camera.name);
      return new Row(place, camera, label, this.options.withMotion);
    });
    this.rows[0]?.strip.setAttribute("tabindex", "0");
    this.hint = new Hint(this.element, this.words, this.texts);
    this.trouble = this.element.querySelector("[data-timeline-error]");
    this.element.classList.add("is-loading");
    this.element.setAttribute("aria-busy", "true");
  }

  #makeCell(name) {
    const [left, right] = ["tl__name", "tl__row"].map((kind) => {
      const made = document.createElement("div");
      made.className = name === "over" ? `${kind} tl__over` : kind;
      return made;
    });
    this.element.append(left, right);
    return right;
  }

  #makeRow(camera) {
    const place = this.#makeCell("row");
    place.dataset.row = camera.code;
    const name = document.createElement("b");
    name.textContent = camera.name;
    place.previousElementSibling.append(name);
    return place;
  }

  #listen() {
    const listen = (target, name, handler) => target.addEventListener(name, handler, { signal: this.#stopping.signal });
    this.resizing = new ResizeObserver(() => this.#measure());
    this.resizing.observe(this.scale.strip);
    this.gestures = new Gestures(this.element, new Hands(this));
    listen(this.element, "keydown", (event) => onKey(event, this));
    listen(this.element, "focusin", (event) => this.#focused(event));
    if (this.options.onSeek) listen(this.element, "mousedown", (event) => this.#leaveKeys(event));
    for (const button of document.querySelectorAll("[data-timeline-zoom]"))
      listen(button, "click", () => this.zoom(Number(button.dataset.timelineZoom)));
    const again = this.element.querySelector("[data-timeline-retry]");
    if (again) listen(again, "click", () => this.retry());
    this.ticking = setInterval(() => this.#tick(), REFRESH);
  }

  #measure() {
    const box = this.scale.strip.getBoundingClientRect();
    this.height = this.rows[0]?.strip.getBoundingClientRect().height || ROW;
    if (box.width && box.width !== this.width) this.width = box.width;
    if (this.width) this.go(this.current);
  }

  destroy() {
    this.#stopping.abort();
    this.gestures.stop();
    this.feed.stop();
    this.resizing.disconnect();
    clearInterval(this.ticking);
    cancelAnimationFrame(this.#frame);
  }

  // ---- times and px ----

  now = () => this.feed.now() ?? Date.now() + this.skew;
  view = () => ({ ...this.current });
  at = (x) => this.current.from + (x / this.width) * (this.current.to - this.current.from);
  x = (ms) => ((ms - this.current.from) / (this.current.to - this.current.from)) * this.width;
  xOf = (event) => event.clientX - this.scale.strip.getBoundingClientRect().left;

  /** Between which moments the timeline can be moved. */
  bounds() {
    const { session, starts } = this.options;
    const known = this.feed.coarse.data?.cameras.values() ?? [];
    const firsts = [...known].map((camera) => camera.first).filter((first) => first != null);
    const to = Math.max(this.now(), session?.ends ?? 0);
    return { from: Math.min(...firsts, starts, session?.starts ?? to, to - 31 * DAY), to };
  }

  #focused(event) {
    const row = this.rows.find((each) => each.strip === event.target);
    if (!row) return;
    for (const each of this.rows) each.strip.setAttribute("tabindex", each === row ? "0" : "-1");
    this.active = row;
    this.#changed();
  }

  // Where a press is a search, the keys stay the page's: a row gets them from whoever goes to it with Tab.
  #leaveKeys(event) {
    const strip = event.target.closest?.("svg.strip");
    if (!strip) return;
    event.preventDefault();
    if (this.element.contains(document.activeElement)) document.activeElement.blur();
  }

  // ---- moving ----

  go(view) {
    const bounds = this.bounds();
    this.current = within(view.from, view.to, bounds);
    this.#pinned = this.current.to >= bounds.to - 1000 && bounds.to <= this.now() + 1000;
    this.over = monthAround(this.current, Math.max(this.now(), this.options.session?.ends ?? 0), this.zone);
    if (this.width) this.feed.want(this.current, this.width, this.over, this.width);
    this.#changed();
    this.dispatchEvent(new CustomEvent("view", { detail: this.view() }));
  }

  show = (from, to) => this.go({ from, to });
  pan = (px) => this.moveBy((px / this.width) * (this.current.to - this.current.from));
  moveBy = (ms) => this.go({ from: this.current.from + ms, to: this.current.to + ms });

  /** As long as this many ms, around the playhead or caret where it is in view, else around the middle. */
  zoom(span) {
    const { from, to } = this.current;
    const kept = [this.options.moment(), this.caret, this.pick && (this.pick.from + this.pick.to) / 2];
    const at = kept.find((ms) => ms != null && ms >= from && ms <= to) ?? (this.#pinned ? to : (from + to) / 2);
    this.go(zoomed(this.current, span / (to - from), at, this.bounds()));
  }

  /** Moves the caret, and the view along with it. */
  moveCaret(ms) {
    const bounds = this.bounds();
    this.caret = Math.max(bounds.from, Math.min(bounds.to, ms));
    this.go(showing(this.current, this.caret, bounds));
    this.dispatchEvent(new CustomEvent("caret", { detail: this.caret }));
  }

  /** Where keys act: the caret, else the playhead, else the middle of the view. */
  caretOr() {
    const { from, to } = this.current;
    const step = keyStep(this.current);
    return this.caret ?? this.options.moment() ?? Math.round((from + to) / 2 / step) * step;
  }

  edge(row, way) {
    const camera = this.feed.cameraAt(row.code, this.caretOr());
    const at = camera && nextEdge(camera, this.caretOr(), way);
    if (at != null) this.moveCaret(at);
  }

  #tick() {
    if (document.hidden) return;
    const late = this.now() - this.current.to;
    if (this.#pinned && late > 0) this.go({ from: this.current.from + late, to: this.current.to + late });
    if (this.#pinned || this.current.to >= this.now() - REFRESH || this.feed.hasFailed) this.feed.refresh();
    if (this.feed.hasFailed) this.go(this.current);
    this.#changed();
  }

  // ---- what the page sets ----

  setMarks(marks) {
    this.marks = marks;
    this.#changed();
  }

  setMotion(code, motion) {
    this.motion.set(code, motion);
    this.#changed();
  }

  setShown({ chosen = null, shown = null }) {
    for (const row of this.rows) {
      row.cell.classList.toggle("is-chosen", row.code === chosen);
      const badge = row.cell.previousElementSibling?.querySelector(".cam__n");
      if (!badge || !shown) continue;
      badge.classList.toggle("is-apart", !shown.includes(row.code));
      badge.textContent = shown.includes(row.code) ? shown.indexOf(row.code) + 1 : "";
    }
  }

  /** A stretch on the scale, {from, to}: what is played again and again; null for none. */
  setBand(band) {
    this.band = band;
    this.#changed();
  }

  setDrag(kind) {
    this.options.drag = kind;
  }

  setPick(pick) {
    this.pick = pick;
    this.#changed();
    this.dispatchEvent(new CustomEvent("pick", { detail: pick }));
  }

  /** Tell the page which stretch was chosen. */
  select() {
    const { from, to, codes } = this.pick ?? {};
    if (from < to) this.options.onSelect?.(codes[0] ?? null, from, to, codes);
  }

  on(name, handler) {
    this.addEventListener(name, (event) => handler(event.detail), { signal: this.#stopping.signal });
    return this;
  }

  // ---- what the server says ----

  #arrived() {
    this.feed.hasFailed = false;
    this.element.classList.remove("is-loading");
    this.element.removeAttribute("aria-busy");
    if (this.trouble) this.trouble.hidden = true;
    this.#changed();
  }

  #failed(reason) {
    this.feed.hasFailed = true;
    this.element.classList.remove("is-loading");
    this.element.removeAttribute("aria-busy");
    if (!this.trouble) return;
    this.trouble.querySelector("[data-timeline-reason]").textContent = reason || this.texts.unreachable;
    this.trouble.hidden = false;
  }

  retry() {
    if (this.trouble) this.trouble.hidden = true;
    this.feed.refresh();
    this.go(this.current);
  }

  // ---- drawing ----

  #changed() {
    this.#stale = true;
    this.draw();
  }

  /** Draw with the next frame; only the playhead, if only the moment changed. */
  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.drawNow();
    });
  }

  /** Draw at once; gives how long it took in ms. */
  drawNow() {
    if (!this.width) return 0;
    const started = performance.now();
    this.#follow();
    if (this.#stale) this.#drawAll();
    this.#stale = false;
    this.#drawHead();
    return performance.now() - started;
  }

  // The playhead that runs out of the view takes it along; somebody who looks elsewhere is left there.
  #follow() {
    const moment = this.options.moment();
    const isIn = moment !== null && moment >= this.current.from && moment <= this.current.to;
    if (this.#headWasIn && moment !== null && moment > this.current.to) {
      const span = this.current.to - this.current.from;
      if (moment - this.current.to < span) this.go({ from: moment - span / 10, to: moment + 0.9 * span });
    }
    this.#headWasIn = isIn;
  }

  #drawAll() {
    const { session } = this.options;
    const frame = {
      view: this.current, width: this.width, height: this.height, sources: this.feed.sources(this.current),
      now: this.now(), session, x: this.x, zone: this.zone, motion: this.motion, marks: this.marks, pick: this.pick,
      band: this.band,
    };
    for (const row of this.rows) row.draw(frame);
    this.scale.draw(frame);
    this.#drawOver(frame);
    if (this.day) this.day.textContent = `${this.words.days(this.current)}, ${this.words.zoneName(this.current.from)}`;
    this.#press();
    this.hint.describe(this);
  }

  #drawOver({ width, now }) {
    const data = this.feed.coarse.data;
    const key = [data?.said, this.over.from, width].join();
    if (key !== this.overDrawn)
      this.overview.draw({ over: this.over, width, data, codes: this.codes, zone: this.zone, now });
    this.overDrawn = key;
    this.overview.move(this.current, this.over, width);
  }

  #press() {
    const span = this.current.to - this.current.from;
    for (const button of document.querySelectorAll("[data-timeline-zoom]")) {
      const isOn = Math.abs(Number(button.dataset.timelineZoom) / span - 1) < 0.01;
      button.setAttribute("aria-pressed", String(isOn));
    }
  }

  #drawHead() {
    const moment = this.options.moment();
    const isIn = moment !== null && moment >= this.current.from && moment <= this.current.to;
    const x = isIn ? Math.round(this.x(moment) * 2) / 2 : null;
    const caret = this.caret === null || this.element.querySelector(".strip:focus") === null ? null : this.x(this.caret);
    for (const row of this.rows) {
      row.move(row.head, x);
      row.move(row.caret, row === this.active ? caret : null);
    }
    this.scale.move(x, this.width, moment);
  }
}
