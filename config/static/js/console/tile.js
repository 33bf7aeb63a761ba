// One camera's tile: its picture kept on the room's clock, what to say where there is none, and the mark of
// who is looking.

import { Engine } from "./engine.js";
import { Zoom } from "./zoom.js";

// Seconds of recorded time at 1x. Up to here the pace puts a picture right; one that is further off makes the clock
// wait, for a computer that cannot keep up must not show what did not happen together.
const FAR_S = 0.5;
// What is later than this is quicker found by a search than by playing on.
const CATCH_S = 2;
const NEAR_S = 0.012;
// Waiting for others, a picture stands this close to where it goes on.
const CLOSE_S = 0.06;
const MOST_PACE = 0.12;
// A pause of the recorder this short is shown as the picture before it.
const SHORT_GAP_MS = 1500;
// What a computer decodes without falling behind, in pixels a second for each of its cores.
const PIXELS_A_CORE = 60e6;
const FRAMES_A_SECOND = 25;
// The mark's way across and down takes this long; a repaint a second costs less than an animation.
const MARK_X_S = 97;
const MARK_Y_S = 61;
const STAY_S = 20;
const TOP_PX = 40; // what stands at the top of a tile
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Tile {
  /** Seconds that a moving picture was ahead of the clock (behind it, if negative) when it was looked at last. */
  off = 0;
  #sought = null; // the frame that a paused picture was set to
  #shown = null; // when the picture on screen was recorded
  #broke = 0;
  #playing = false;
  #seconds = 0;

  constructor(room, camera, { template, words, changed }) {
    this.room = room;
    this.camera = camera;
    this.words = words;
    this.changed = changed;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.tile = camera.code;
    const part = (name) => this.element.querySelector(`[data-part="${name}"]`);
    this.parts = Object.fromEntries(
      ["number", "name", "clock", "mark", "note", "state", "text", "next", "full"].map((name) => [name, part(name)]),
    );
    this.video = this.element.querySelector("video");
    this.video.setAttribute("aria-label", room.texts.picture.replace("{camera}", camera.name));
    this.parts.number.textContent = camera.number;
    this.parts.name.textContent = camera.name;
    // What lies over the picture and belongs to it is zoomed with it.
    this.zoom = new Zoom(this.element, part("picture") ?? this.video, () => this.#placeMark());
    for (const name of ["seeked", "canplay", "playing"]) this.video.addEventListener(name, changed);
    this.video.addEventListener("contextmenu", (event) => event.preventDefault());
    this.#watch();
    if (!camera.empty) this.#open();
  }

  #open() {
    const { facts } = this.room;
    this.engine = new Engine(this.video, {
      camera: this.camera,
      span: this.room.span,
      origin: facts.origin,
      now: () => facts.now + performance.now(),
      ask: (url, options) => this.room.ask(url, options),
    });
    this.engine.addEventListener("change", this.changed);
    this.engine.addEventListener("broken", () => this.#reopen());
  }

  // A decoder that gave up gets another try, but not again and again.
  #reopen() {
    this.engine.close();
    this.#sought = null;
    if (performance.now() - this.#broke < 10_000) {
      this.engine = null;
      this.#say(this.room.texts.unreadable);
      return;
    }
    this.#broke = performance.now();
    this.#open();
    this.changed();
  }

  #watch() {
    const note = (_now, { mediaTime }) => {
      this.#shown = this.engine ? this.engine.momentOf(mediaTime) : null;
      this.video.requestVideoFrameCallback(note);
    };
    this.video.requestVideoFrameCallback?.(note);
  }

  /** When the frame on screen was recorded (ms); null before the first. */
  get shownAt() {
    return this.#shown ?? (this.engine && this.video.readyState >= 2 ? this.engine.momentOf(this.video.currentTime) : null);
  }

  /** Show the moment: "ok", "gap", "refused", "waits" (for bytes), "turns" (to a new place) or "lags". */
  sync(ms, { playing, running, speed, tiles }) {
    if (!this.engine) {
      if (this.camera.empty) this.#say(this.room.texts.empty);
      this.video.pause();
      return "gap";
    }
    const fast = playing && speed > 1 && this.#pixels(speed) * tiles > PIXELS_A_CORE * (navigator.hardwareConcurrency || 2);
    this.engine.want(ms, { playing, speed, fast });
    const standing = this.engine.standing(ms);
    this.#tell(standing, ms, playing);
    if (standing !== "ready") {
      this.#stop();
      return standing === "gap" || standing === "refused" ? standing : "waits";
    }
    this.#note(this.engine.partAt(ms));
    if (!playing) return this.#still(ms);
    return this.#moving(ms, running, speed);
  }

  /** Whether waiting for this tile has been in vain for a while: the others need not. */
  get troubled() {
    return Boolean(this.engine?.trouble);
  }

  #pixels(speed) {
    return (this.engine.pixels || 640 * 360) * FRAMES_A_SECOND * speed;
  }

  #stop() {
    this.#sought = null;
    this.#playing = false;
    if (!this.video.paused) this.video.pause();
  }

  // Paused: exactly the frame that holds the moment.
  #still(ms) {
    this.#playing = false;
    if (!this.video.paused) this.video.pause();
    const frame = this.engine.frameAt(ms);
    if (this.#sought !== frame) {
      this.#sought = frame;
      this.video.currentTime = this.engine.positionOf(ms);
    }
    return this.video.seeking || this.video.readyState < 2 ? "turns" : "ok";
  }

  #moving(ms, running, speed) {
    this.#sought = null;
    const { video } = this;
    const wish = (ms - this.room.facts.origin) / 1000;
    const off = video.currentTime - wish;
    if (!running) return this.#join(off, wish, speed);
    const scale = Math.max(1, speed);
    if (Math.abs(off) > FAR_S * scale) return "lags";
    this.off = off / speed;
    const pace = Math.abs(off) < NEAR_S * speed ? 0 : Math.max(-MOST_PACE, Math.min(MOST_PACE, -off / speed));
    const rate = Math.min(16, Math.max(0.0625, speed * (1 + pace)));
    if (Math.abs(video.playbackRate - rate) > 0.005 * speed) video.playbackRate = rate;
    if (!this.#playing || video.paused) {
      this.#playing = true;
      video.play().catch(() => {});
    }
    return "ok";
  }

  // The clock waits: a picture that is late plays on until it is there, one that is far off is put there.
  #join(off, wish, speed) {
    const { video } = this;
    const scale = Math.max(1, speed);
    if (video.seeking) return "turns";
    if (video.readyState < 2 || off > FAR_S * scale || off < -CATCH_S * scale) {
      this.#stop();
      video.currentTime = wish;
      return "turns";
    }
    if (off < -CLOSE_S * scale) {
      video.playbackRate = Math.min(16, speed * 2);
      if (video.paused) video.play().catch(() => {});
      return "turns";
    }
    this.#stop();
    return "ok";
  }

  // ---------- what the tile says ----------

  #tell(standing, ms, playing) {
    const { texts } = this.room;
    if (standing === "ready") return this.#say("");
    if (standing === "gap") return this.#tellGap(ms, playing);
    if (standing === "refused") {
      const refusal = this.engine.partAt(ms)?.refusal ?? this.engine.refused;
      return this.#say(refusal.code === "unreadable" ? texts.unreadable : refusal.message, this.engine.parts.after(ms));
    }
    const { trouble } = this.engine;
    this.element.classList.toggle("is-waiting", true);
    this.#say(trouble ? texts.again.replace("{reason}", trouble.message) : "", undefined, true);
  }

  #tellGap(ms, playing) {
    const next = this.engine.parts.after(ms);
    const before = this.engine.parts.before(ms);
    const short = next != null && before != null && next - before < SHORT_GAP_MS;
    if (short || (playing && next != null && next - ms < 250 && this.element.classList.contains("has-picture"))) return;
    const { texts } = this.room;
    if (next === null) return this.#say(texts.gapLast);
    this.#say(next ? texts.gap.replace("{time}", this.words.when(next, ms)) : texts.gapShort, next);
  }

  #say(text, next, waiting = false) {
    this.element.classList.toggle("is-waiting", waiting);
    this.element.classList.toggle("has-picture", !text && !waiting);
    if (this.parts.text.textContent !== text) this.parts.text.textContent = text;
    this.parts.state.hidden = !text;
    this.parts.next.hidden = next == null;
    this.parts.next.value = next ?? "";
    if (waiting) return;
    if (text) this.#note(null);
  }

  #note(part) {
    const { texts, facts } = this.room;
    const notes = [];
    if (part?.masked) notes.push(texts.masked);
    if (part?.converted && part.converted !== "h264") notes.push(texts.converted.replace("{codec}", part.converted.toUpperCase()));
    if (part && facts.held) notes.push(texts.held);
    const text = notes.join(" · ");
    if (this.parts.note.textContent === text) return;
    this.parts.note.textContent = text;
    this.parts.note.hidden = !text;
  }

  /** The recorded time in the corner, and the mark with the time now. */
  drawTimes(ms, now) {
    const clock = ms === null ? "" : this.words.second(ms);
    if (this.parts.clock.textContent !== clock) this.parts.clock.textContent = clock;
    const mark = `${this.room.facts.mark} · ${now}`;
    if (this.parts.mark.textContent !== mark) this.parts.mark.textContent = mark;
  }

  /** The mark wanders: a little each second, or to another place each 20 s where nothing may move by itself. */
  moveMark(seconds) {
    this.#seconds = seconds;
    this.#placeMark();
  }

  // Over the picture, not beside it: what is cut out of a photograph of the screen has the mark on it.
  #placeMark() {
    const at = STILL.matches ? Math.floor(this.#seconds / STAY_S) * STAY_S : this.#seconds;
    const share = (period) => 0.5 + 0.5 * Math.sin((at / period + this.camera.number * 0.37) * 2 * Math.PI);
    const { mark } = this.parts;
    const [left, top, right, bottom] = this.#picture();
    mark.style.setProperty("max-width", `${Math.floor(right - left)}px`);
    const place = (from, to, size, part) => `${(from + Math.max(0, to - from - size) * part).toFixed(1)}px`;
    mark.style.setProperty("left", place(left, right, mark.offsetWidth, share(MARK_X_S)));
    mark.style.setProperty("top", place(top, bottom, mark.offsetHeight, share(MARK_Y_S)));
  }

  // The edges of what is seen of the picture, in px of the tile; all of the tile while there is none. What the
  // tile says at its top is left free where the picture has room below.
  #picture() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const { videoWidth, videoHeight } = this.video;
    const fit = videoWidth ? Math.min(width / videoWidth, height / videoHeight) : 0;
    const [across, down] = fit ? [(width - videoWidth * fit) / 2, (height - videoHeight * fit) / 2] : [0, 0];
    const [left, top] = this.zoom.at(across, down);
    const [right, bottom] = this.zoom.at(width - across, height - down);
    const free = Math.min(bottom, height) > TOP_PX * 3 ? TOP_PX : 0;
    return [Math.max(0, left), Math.max(free, top), Math.min(width, right), Math.min(height, bottom)];
  }

  set isChosen(chosen) {
    this.element.classList.toggle("is-chosen", chosen);
  }

  close() {
    this.engine?.close();
    this.engine = null;
    this.video.pause();
    this.element.classList.remove("has-picture", "is-waiting");
  }

  /** Nothing more is sent. */
  end(text) {
    this.close();
    this.zoom.reset();
    this.#say(text);
  }
}
