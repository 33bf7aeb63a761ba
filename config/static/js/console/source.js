// A video element fed through Media Source Extensions: init segments and parts go in one after the other,
// placed at recorded time minus `origin`; it remembers what is in, and when each frame is shown.

import { readFrames, readInit } from "./boxes.js";

const Source = window.MediaSource ?? window.ManagedMediaSource;
// Two ranges closer than this are one: a frame and a bit.
const TOUCH_S = 0.1;

/** Whether the browser decodes HEVC; it is told to the server, which converts what the browser cannot play. */
export const playsHevc = Boolean(Source?.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.90"'));

export class Feed {
  #queue = Promise.resolve();
  #buffer = null;
  #init = null; // the init segment that was appended last
  #source;
  #address = "";
  loaded = new Map(); // part key -> {part, dense, times, ends} in epoch ms

  /** `origin` and `ends`: epoch ms of media time 0 and of the end of the session. */
  constructor(video, { origin, ends }) {
    this.video = video;
    this.origin = origin;
    this.#source = new Source();
    this.opened = new Promise((open) => this.#source.addEventListener("sourceopen", open, { once: true }));
    this.#address = URL.createObjectURL(this.#source);
    video.disableRemotePlayback = true; // ManagedMediaSource asks for it
    video.src = this.#address;
    this.opened.then(() => {
      URL.revokeObjectURL(this.#address);
      this.#source.duration = (ends - origin) / 1000 + 3600;
    });
  }

  /** Media time in seconds of epoch ms, and back. */
  place(ms) {
    return (ms - this.origin) / 1000;
  }

  moment(seconds) {
    return this.origin + seconds * 1000;
  }

  /** Put a part in, in place of what was there. `init` {id, data}; `dense` false: keyframes only. */
  put(part, data, init, dense) {
    return this.#next(async () => {
      const facts = readInit(init.data);
      await this.#prepare(init, facts);
      const { times, end } = readFrames(data, facts.timescale);
      if (this.loaded.has(part.key)) await this.#remove(times[0], end);
      await this.#append(data);
      const shown = times.map((seconds) => this.moment(seconds));
      const { width, height } = facts;
      this.loaded.set(part.key, { part, dense, times: shown, ends: this.moment(end), pixels: width * height });
    });
  }

  /** Take out what lies wholly outside [from, to) (epoch ms). */
  keep(from, to) {
    const gone = [...this.loaded.values()].filter((each) => each.ends <= from || each.times[0] >= to);
    if (!gone.length) return Promise.resolve();
    for (const each of gone) this.loaded.delete(each.part.key);
    return this.#next(async () => {
      for (const each of gone) await this.#remove(this.place(each.times[0]), this.place(each.ends));
    });
  }

  /** Say that nothing follows this part: a decoder keeps its last pictures back until it is told. What was put in
   * after it goes. */
  finish(part) {
    return this.#next(async () => {
      const held = this.loaded.get(part.key);
      if (!held || this.#source.readyState !== "open") return;
      for (const each of [...this.loaded.values()])
        if (each.times[0] >= held.ends) {
          this.loaded.delete(each.part.key);
          await this.#remove(this.place(each.times[0]), this.place(each.ends));
        }
      this.#source.endOfStream();
    });
  }

  /** Whether a loaded part is still in: a browser may drop what it has no room for. */
  holds(key) {
    const each = this.loaded.get(key);
    if (!each) return false;
    const middle = this.place((each.times[0] + each.ends) / 2);
    const { buffered } = this.video;
    for (let range = 0; range < buffered.length; range++)
      if (buffered.start(range) - TOUCH_S <= middle && middle < buffered.end(range) + TOUCH_S) return true;
    this.loaded.delete(key);
    return false;
  }

  close() {
    this.#queue = Promise.reject(new DOMException("closed", "AbortError"));
    this.#queue.catch(() => {});
    this.loaded.clear();
    this.video.removeAttribute("src");
    this.video.load();
  }

  #next(work) {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #prepare(init, facts) {
    await this.opened;
    const type = `video/mp4; codecs="${facts.codec}"`;
    if (!this.#buffer) this.#buffer = this.#source.addSourceBuffer(type);
    if (this.#init?.id === init.id) return;
    if (this.#init && this.#init.type !== type) this.#buffer.changeType(type);
    this.#init = { id: init.id, type };
    await this.#append(init.data);
  }

  async #append(data) {
    try {
      await this.#done(() => this.#buffer.appendBuffer(data));
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      // No room: only what is on screen stays.
      const now = this.moment(this.video.currentTime);
      for (const each of [...this.loaded.values()])
        if (each.ends < now || each.times[0] > now) {
          this.loaded.delete(each.part.key);
          await this.#remove(this.place(each.times[0]), this.place(each.ends));
        }
      await this.#done(() => this.#buffer.appendBuffer(data));
    }
  }

  #remove(start, end) {
    return end > start ? this.#done(() => this.#buffer.remove(Math.max(0, start), end)) : undefined;
  }

  #done(start) {
    return new Promise((resolve, reject) => {
      const finish = (event) => {
        for (const name of ["updateend", "error"]) this.#buffer.removeEventListener(name, finish);
        if (event.type === "error") reject(new Error("the browser cannot read this part"));
        else resolve();
      };
      for (const name of ["updateend", "error"]) this.#buffer.addEventListener(name, finish);
      try {
        start();
      } catch (error) {
        for (const name of ["updateend", "error"]) this.#buffer.removeEventListener(name, finish);
        reject(error);
      }
    });
  }
}
