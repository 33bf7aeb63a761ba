// One camera's footage in a video element: fetches the parts that the moment needs and no more, because
// what is sent is logged; knows every frame's own time; tells refusals and tries again what may pass.

import { Refusal } from "./room.js";
import { Parts } from "./parts.js";
import { Feed, playsHevc } from "./source.js";

const AHEAD_MS = 10_000;
// And this much more for each time as fast as life: a request takes as long then as it does at 1x.
const AHEAD_A_SPEED_MS = 4_000;
const MOST_AHEAD_MS = 90_000;
const BEHIND_MS = 30_000;
const RETRY_MS = [400, 1000, 2000, 4000, 8000];
const INITS = 8;
// A decoder shows a picture when it has seen what follows: this many, with reordering.
const TAIL_FRAMES = 5;
const TOUCH_MS = 100;

const aheadAt = (speed) => Math.min(AHEAD_MS + AHEAD_A_SPEED_MS * Math.max(0, speed - 1), MOST_AHEAD_MS);

export class Engine extends EventTarget {
  #feed;
  #ask;
  #wish = null; // {at, playing, speed, fast}
  #fetching = null; // {key, dense, abort}
  #inits = new Map(); // address -> promise of {id, data}
  #tries = 0;
  #timer = 0;
  #closed = false;
  /** The refusal that is being tried again; null while all is well. */
  trouble = null;
  /** The refusal of the whole camera, which is not tried again. */
  refused = null;

  /** `camera` and `span` of the room's facts; `ask(url, {signal})` fetches or throws a Refusal. */
  constructor(video, { camera, span, origin, now, ask }) {
    super();
    this.#ask = ask;
    this.#feed = new Feed(video, { origin, ends: span.ends });
    this.parts = new Parts({
      url: camera.playlist,
      query: playsHevc ? { hevc: "1" } : {},
      span,
      now,
      fetchText: (url) => this.#text(url),
    });
    video.addEventListener("error", () => this.#broken());
  }

  /** What is to be shown: `at` (ms), whether it `playing`, how fast, and whether keyframes do (`fast`). */
  want(at, { playing = false, speed = 1, fast = false } = {}) {
    this.#wish = { at, playing, speed, fast };
    this.#pump();
  }

  /** "unknown", "gap", "refused", "loading" or "ready": how it stands with the moment. */
  standing(ms) {
    if (!this.parts.known(ms, () => this.#known())) return this.refused ? "refused" : "unknown";
    const part = this.parts.at(ms);
    if (!part) return "gap";
    if (part.refusal) return "refused";
    return this.#has(part) ? "ready" : "loading";
  }

  /** The part that shows `ms`; null in a gap. */
  partAt(ms) {
    return this.parts.at(ms);
  }

  /** When the frame that is on screen at `ms` began; null while it is not loaded. */
  frameAt(ms) {
    const held = this.#held(ms);
    if (!held) return null;
    const place = held.times.findLastIndex((time) => time <= ms + 0.01);
    return held.times[Math.max(0, place)];
  }

  /** The frame after (1) or before (-1) the one at `ms`, its part fetched if need be; null where none is. */
  async frameBeside(ms, direction) {
    const here = await this.#need(ms);
    if (direction > 0) {
      const next = here?.times.find((time) => time > ms + 0.01);
      if (next !== undefined) return next;
      const after = this.parts.between(here ? here.part.ends : ms, (here ? here.part.ends : ms) + 1000)[0];
      const following = after ? after.starts : this.parts.after(ms);
      return following == null ? null : ((await this.#need(Math.max(following, ms)))?.times[0] ?? null);
    }
    const now = here ? this.frameAt(ms) : ms;
    const earlier = here?.times.findLast((time) => time < now - 0.01);
    if (earlier !== undefined) return earlier;
    const edge = here ? here.part.starts : this.parts.before(ms);
    return edge == null ? null : ((await this.#need(here ? this.#endBefore(edge) : edge - 1))?.times.at(-1) ?? null);
  }

  /** Media time in seconds for showing the frame that holds `ms`; within it, so that no rounding misses it. */
  positionOf(ms) {
    const frame = this.frameAt(ms);
    return this.#feed.place(frame === null ? ms : frame + 2);
  }

  momentOf(seconds) {
    return this.#feed.moment(seconds);
  }

  /** Pixels of a picture, 0 while unknown. */
  get pixels() {
    return this.#feed.loaded.values().next().value?.pixels ?? 0;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#fetching?.abort.abort();
    this.#feed.close();
  }

  // ---------- what is there ----------

  #held(ms) {
    const part = this.parts.at(ms);
    return part ? (this.#feed.loaded.get(part.key) ?? null) : null;
  }

  #has(part) {
    const held = this.#feed.loaded.get(part.key);
    return Boolean(held && (held.dense || this.#wish?.fast) && this.#feed.holds(part.key));
  }

  #endBefore(ms) {
    const earlier = this.parts.before(ms + 1);
    return earlier == null ? ms - 1 : earlier - 1;
  }

  // The loaded part at `ms` with all its frames; fetched first where it is not in.
  async #need(ms) {
    if (this.#closed) return null;
    if (!this.parts.known(ms)) await this.#when(() => this.parts.known(ms, () => this.#known()));
    const part = this.parts.at(ms);
    if (!part || part.refusal) return null;
    if (!this.#feed.loaded.get(part.key)?.dense) {
      this.#wish = { at: ms, playing: false, speed: 1, fast: false };
      this.#pump();
      await this.#when(() => part.refusal || this.#feed.loaded.get(part.key)?.dense);
    }
    return this.#feed.loaded.get(part.key) ?? null;
  }

  #when(holds) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds() && !this.#closed) return;
        this.removeEventListener("change", look);
        resolve();
      };
      this.addEventListener("change", look);
      look();
    });
  }

  // ---------- fetching ----------

  #wanted() {
    const { at, playing, speed } = this.#wish;
    const ahead = playing ? aheadAt(speed) : 1;
    const parts = this.parts.between(at, at + ahead);
    const following = playing ? null : this.#following(at);
    if (following) parts.push(following);
    return parts.filter((part) => !part.refusal && !this.#has(part));
  }

  // What a paused picture among a part's last ones needs to be seen: the next part, or word that there is none.
  #following(at) {
    const held = this.#held(at);
    if (!held?.dense || at < (held.times.at(-TAIL_FRAMES) ?? 0)) return null;
    const { part } = held;
    if (part.ends < this.parts.span.ends && !this.parts.known(part.ends, () => this.#known())) return null;
    const next = this.parts.between(part.ends, part.ends + TOUCH_MS).find((each) => each.key !== part.key);
    if (!next || next.refusal) this.#feed.finish(part).catch(() => {});
    return next ?? null;
  }

  #pump() {
    if (this.#closed || !this.#wish) return;
    const { at, playing, speed } = this.#wish;
    if (!this.parts.known(at, () => this.#known())) return;
    if (playing) this.parts.known(Math.min(at + aheadAt(speed), this.parts.span.ends - 1), () => this.#known());
    const [next] = this.#wanted();
    const busy = this.#fetching;
    if (busy && this.#outdated(busy, next)) busy.abort.abort();
    else if (busy) return;
    if (!next || this.#timer) return;
    this.#fetch(next, !this.#wish.fast);
  }

  // A fetch goes on while its part is still wanted, unless the moment itself waits for another part.
  #outdated(busy, next) {
    if (!next || busy.key === next.key) return busy.dense !== !this.#wish.fast && busy.key === next?.key;
    return next.starts <= this.#wish.at || !this.#wanted().some((part) => part.key === busy.key);
  }

  async #fetch(part, dense) {
    const abort = new AbortController();
    const mine = { key: part.key, dense, abort };
    this.#fetching = mine;
    try {
      const address = dense ? part.url : `${part.url}&keys=1`;
      const [init, data] = await Promise.all([this.#initOf(part), this.#bytes(address, abort.signal)]);
      if (mine !== this.#fetching || this.#closed) return;
      const { at, speed } = this.#wish;
      const behind = BEHIND_MS * Math.max(1, speed);
      await this.#feed.keep(at - behind, at + MOST_AHEAD_MS);
      await this.#feed.put(part, data, init, dense);
      this.#tries = 0;
      this.trouble = null;
    } catch (error) {
      if (error.name !== "AbortError") this.#failed(error, part);
    } finally {
      if (mine === this.#fetching) this.#fetching = null;
      this.#changed();
    }
    this.#pump();
  }

  #failed(error, part) {
    // What the browser cannot read is not sent a second time.
    if (!(error instanceof Refusal)) part.refusal = new Refusal(0, { code: "unreadable" });
    else if (error.code === "masks_changed") {
      this.parts.forget();
      this.#inits.clear();
    } else if (error.passes) this.#again(error);
    else if (!error.ends) part.refusal = error;
  }

  #again(refusal) {
    this.trouble = refusal;
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#known();
    }, wait);
  }

  #initOf(part) {
    if (!this.#inits.has(part.init)) {
      const made = this.#bytes(part.init).then((data) => ({ id: part.init, data }));
      made.catch(() => this.#inits.delete(part.init));
      this.#inits.set(part.init, made);
      if (this.#inits.size > INITS) this.#inits.delete(this.#inits.keys().next().value);
    }
    return this.#inits.get(part.init);
  }

  async #bytes(url, signal) {
    const answer = await this.#ask(url, { signal });
    return answer.arrayBuffer().catch((error) => {
      throw error.name === "AbortError" ? error : new Refusal(0, { code: "cut_off" });
    });
  }

  async #text(url) {
    try {
      const text = await (await this.#ask(url)).text();
      this.trouble = null;
      return text;
    } catch (error) {
      if (error instanceof Refusal && error.passes) this.#again(error);
      else if (error instanceof Refusal) this.refused = error;
      this.#changed();
      throw error;
    }
  }

  // A part that the decoder cannot read: the element is of no more use.
  #broken() {
    if (!this.#closed) this.dispatchEvent(new Event("broken"));
  }

  #known() {
    this.#changed();
    this.#pump();
  }

  #changed() {
    if (!this.#closed) this.dispatchEvent(new Event("change"));
  }
}
