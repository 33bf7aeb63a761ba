// The room of a viewing: one clock for all pictures, which cameras are shown, which one is chosen. It draws
// nothing: the stage shows what it says; transport, timeline, session, finding and marks ask it and listen.
//
// Events: "moment" (detail: ms, at most one an animation frame), "seek" (detail: ms), "state" (playing, speed,
// chosen, shown, loop or skipGaps changed), "closed" (nothing more is sent), "notice" ({text, tone}).
// Times are epoch milliseconds; fractions are kept, because a frame seldom begins on a whole one.

import { Keys } from "./keys.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
export const MOST_SHOWN = 9;
// What a motion level must reach to count as "something moves" when nothing was searched for.
const MOVES = 24;

/** A refusal in the server's words: what happened, and what to do. `status` 0 means that no answer came. */
export class Refusal extends Error {
  constructor(status, { code = "", message = "", hint = "" } = {}) {
    super([message, hint].filter(Boolean).join(" "));
    this.status = status;
    this.code = code;
    this.words = message;
    this.hint = hint;
  }

  /** Whether asking again may help: no answer, too many, or the server is busy. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether nothing more is sent in this viewing. */
  get ends() {
    return ENDS.has(this.code) || this.status === 401;
  }
}

const ENDS = new Set(["viewing_closed", "hold_ended", "other_terminal"]);

export class Room extends EventTarget {
  #base = null; // the moment, when the clock last changed
  #since = 0; // performance.now() then
  #running = false; // the clock goes: playing, and no picture is waited for
  #waiting = false;
  #frame = 0;
  #acts = new Map();

  constructor(facts, texts) {
    super();
    this.facts = facts;
    this.texts = texts;
    this.span = { starts: facts.starts, ends: facts.ends };
    this.cameras = new Map(facts.cameras.map((each) => [each.code, each]));
    this.playing = false;
    this.speed = 1;
    this.shown = [];
    this.chosen = null;
    this.skipGaps = true;
    this.loop = null;
    this.closed = false;
    this.signedOut = false;
    this.motion = new Map(); // code -> {from, step_ms, levels}: what moved (find.js)
    this.found = new Map(); // code -> [{from, to}]: what a search found (find.js)
    this.keys = new Keys(this);
  }

  /** The moment on screen in epoch ms; null before the first one. */
  get moment() {
    if (this.#base === null || !this.#running) return this.#base;
    return this.#base + (performance.now() - this.#since) * this.speed;
  }

  /** Whether the clock goes: playing and not waiting for pictures. */
  get running() {
    return this.#running;
  }

  // ---------- what people do ----------

  /** Show the moment `ms` (kept inside the session). `play` true or false also starts or stops. */
  seek(ms, { play } = {}) {
    if (this.closed || !Number.isFinite(ms)) return;
    const { starts, ends } = this.span;
    this.#set(Math.min(Math.max(ms, starts), ends - 1));
    if (play !== undefined) this.#intend(play);
    this.#tell("seek", this.#base);
    this.#tell("moment", this.#base);
  }

  play() {
    if (this.closed || this.playing) return;
    if (this.#base === null) this.#set(this.span.starts);
    if (this.#base >= this.span.ends - 1) this.seek(this.loop ? this.loop.from : this.span.starts);
    this.#intend(true);
  }

  pause() {
    if (this.playing) this.#intend(false);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** One frame on (1) or back (-1) in the chosen camera; the stage knows its frames. */
  step(direction) {
    if (this.closed) return;
    this.pause();
    this.#tell("step", direction);
  }

  /** Make `code` the chosen camera; one that is not shown takes the place of the chosen one. */
  choose(code) {
    if (!this.cameras.has(code)) return;
    if (!this.shown.includes(code)) {
      const place = Math.max(0, this.shown.indexOf(this.chosen));
      this.shown = this.shown.length ? this.shown.with(place, code) : [code];
    }
    this.chosen = code;
    this.#tell("state");
  }

  /** Show `count` cameras: those that are shown, then others in their order; the chosen one stays. */
  arrange(count) {
    const others = [...this.cameras.keys()].filter((code) => !this.shown.includes(code));
    const codes = [...this.shown, ...others].slice(0, count);
    if (this.chosen && !codes.includes(this.chosen)) codes[codes.length - 1] = this.chosen;
    this.show(codes);
  }

  /** Show these cameras, at most nine, in this order. */
  show(codes) {
    const known = [...new Set(codes)].filter((code) => this.cameras.has(code)).slice(0, MOST_SHOWN);
    if (!known.length) return;
    this.shown = known;
    if (!known.includes(this.chosen)) this.chosen = known[0];
    this.#tell("state");
  }

  setSpeed(speed) {
    if (!SPEEDS.includes(speed) || speed === this.speed) return;
    this.#set(this.moment);
    this.speed = speed;
    this.#tell("state");
  }

  setSkipGaps(skip) {
    this.skipGaps = Boolean(skip);
    this.#tell("state");
  }

  /** Play {from, to} again and again; null ends it. */
  setLoop(loop) {
    this.loop = loop && loop.to > loop.from ? loop : null;
    this.#tell("state");
  }

  /** To the next (1) or previous (-1) motion of the chosen camera: what was found, else what moved. */
  nextMotion(direction = 1) {
    const starts = this.motionStarts(this.chosen);
    const now = this.moment ?? this.span.starts;
    const next = direction > 0 ? starts.find((at) => at > now + 500) : starts.findLast((at) => at < now - 1500);
    if (next !== undefined) this.seek(next);
    return next !== undefined;
  }

  /** Where something begins to move in a camera, in order; empty while nothing is known. */
  motionStarts(code) {
    const found = this.found.get(code);
    if (found?.length) return found.map((each) => each.from).sort((a, b) => a - b);
    const facts = this.motion.get(code);
    if (!facts) return [];
    const starts = [];
    let still = 3;
    facts.levels.forEach((level, place) => {
      if (level >= MOVES && still >= 2) starts.push(facts.from + place * facts.step_ms);
      still = level >= MOVES ? 0 : still + 1;
    });
    return starts;
  }

  /** A moment as the server reads it: never before the frame that it stands for. */
  stamp(ms) {
    return new Date(Math.ceil(ms - 0.01)).toISOString();
  }

  /** Tell the viewer something, in words; tone "" or "warn" or "bad". */
  say(text, { tone = "" } = {}) {
    this.#tell("notice", { text, tone });
  }

  /** `handler(event)` answers to `key` (as KeyboardEvent.key names it, "Shift+" before named keys; or a list of
   * them); `label` stands in the help sheet. */
  onKey(key, handler, label) {
    this.keys.add(key, handler, label);
  }

  /** `handler(button, event)` answers to a press of what has data-act="name". */
  onAct(name, handler) {
    this.#acts.set(name, handler);
  }

  act(name, button, event) {
    this.#acts.get(name)?.(button, event);
  }

  /** Nothing more is sent: everything stops, and `text` says why. */
  close(text) {
    if (this.closed) return;
    this.#intend(false);
    this.closed = true;
    this.#tell("closed", text || this.texts.closed);
  }

  /** Fetch what the server keeps; throws Refusal in its words, and closes the room where it says that it is over.
   * `form` (an object or FormData) is posted with the token. */
  async ask(url, { form, signal } = {}) {
    const body = form && (form instanceof FormData ? form : new FormData());
    if (body && body !== form) for (const [name, value] of Object.entries(form)) body.append(name, value);
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const headers = { Accept: "application/json", ...(body && { "X-CSRFToken": token }) };
    let answer;
    try {
      answer = await fetch(url, { method: body ? "POST" : "GET", body, headers, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refusal(0, { message: this.texts.offline });
    }
    if (answer.ok && !answer.redirected) return answer;
    const told = answer.redirected ? null : await answer.json().catch(() => null);
    const refusal = new Refusal(answer.redirected ? 401 : answer.status, told?.error ?? { message: this.#words(answer) });
    if (refusal.status === 401) this.signedOut = true;
    if (refusal.ends) this.close(refusal.message);
    throw refusal;
  }

  #words(answer) {
    if (answer.redirected || answer.status === 401) return this.texts.signedOut;
    return answer.status === 404 ? this.texts.notThere : this.texts.notNow;
  }

  // ---------- what the stage does ----------

  /** Hold the clock while pictures are waited for, or let it go on. */
  wait(waiting) {
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#run();
  }

  get waiting() {
    return this.#waiting;
  }

  /** Put the clock on a moment without a search: where a picture really is. */
  settle(ms) {
    this.#set(ms);
    this.#tell("moment", ms);
  }

  // ---------- the clock ----------

  #set(ms) {
    this.#base = ms;
    this.#since = performance.now();
  }

  #intend(play) {
    if (play === this.playing) return;
    this.#set(this.moment);
    this.playing = play;
    this.#run();
    this.#tell("state");
  }

  #run() {
    this.#set(this.moment);
    this.#running = this.playing && !this.#waiting && !this.closed;
    cancelAnimationFrame(this.#frame);
    if (this.#running) this.#frame = requestAnimationFrame(this.#tick);
  }

  #tick = () => {
    if (!this.#running) return;
    this.#frame = requestAnimationFrame(this.#tick);
    const now = this.moment;
    if (this.loop && now >= this.loop.to) return this.seek(this.loop.from);
    if (now >= this.span.ends - 1) {
      this.pause();
      return this.settle(this.span.ends - 1);
    }
    this.#tell("moment", now);
  };

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
