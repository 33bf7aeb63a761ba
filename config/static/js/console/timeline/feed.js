// Fetches what a timeline draws: the stretch in view finely, a month around it coarsely. What was drawn stays
// until something better is there; a question that nobody waits for any more is called off.

import { decodeAnswer } from "./spans.js";

const DAY = 86_400_000;
const LONGEST = 61 * DAY; // the server answers for 62 days at most, widened to whole steps
const MOST_PX = 4096;
const MOST_CAMERAS = 64;
const SETTLED = 120; // ms without a further movement
const STALE = 300_000; // ms after which the month is asked for again
const COARSER = 1.6; // ms per px that is still sharp enough, against what is wanted

const isEnough = (has, { from, to }, width) =>
  has && has.from <= from && has.to >= to && has.perPx <= (COARSER * (to - from)) / width;

class Slot {
  data = null;
  asked = null; // what is on its way
  #timer = 0;
  #controller = null;

  constructor(load, onData, onError) {
    Object.assign(this, { load, onData, onError });
  }

  ask(wanted, delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(wanted), delay);
  }

  async #fetch(wanted) {
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    this.asked = wanted;
    try {
      const data = await this.load(wanted, controller.signal);
      if (controller.signal.aborted) return;
      this.data = { ...data, perPx: wanted.perPx, whole: wanted };
      this.asked = null;
      this.onData(this.data);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.asked = null;
      this.onError(error);
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
  }
}

/** A refusal of the server, in its own words; without any if there was no answer. */
export class Refused extends Error {}

async function answerOf(url, signal) {
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok && said.cameras) return said;
  throw new Refused([said.error?.message, said.error?.hint].filter(Boolean).join(" "));
}

export class Feed {
  /** `onData()` after each new answer, `onError(sentence)` after each failure. */
  constructor({ url, codes, onData, onError }) {
    this.url = url;
    this.codes = codes;
    const failed = (error) => onError(error instanceof Refused ? error.message : "");
    const load = (wanted, signal) => this.#load(wanted, signal);
    this.fine = new Slot(load, onData, failed);
    this.coarse = new Slot(load, onData, failed);
  }

  async #load({ from, to, px }, signal) {
    const chunks = [];
    for (let i = 0; i < this.codes.length; i += MOST_CAMERAS) chunks.push(this.codes.slice(i, i + MOST_CAMERAS));
    const answers = await Promise.all(
      chunks.map((codes) => {
        const query = new URLSearchParams({ from: Math.floor(from), to: Math.ceil(to), px });
        for (const code of codes) query.append("camera", code);
        return answerOf(`${this.url}?${query}`, signal);
      }),
    );
    const all = answers.map(decodeAnswer);
    for (const other of all.slice(1)) for (const [code, camera] of other.cameras) all[0].cameras.set(code, camera);
    return { ...all[0], said: Date.now() };
  }

  /** See to it that there is what this view (and this month around it) needs. */
  want(view, width, over, overWidth) {
    if (!isEnough(this.coarse.asked ?? this.coarse.data, over, overWidth)) this.#ask(this.coarse, over, overWidth, 0);
    const margin = (view.to - view.from) / 10;
    const near = { from: view.from - margin, to: view.to + margin };
    const settled = this.fine.asked ?? this.fine.data;
    if (isEnough(settled, view, width) && isEnough(settled, near, width * 1.2)) return;
    const beside = Math.min((view.to - view.from) / 2, (LONGEST - (view.to - view.from)) / 2);
    const around = { from: view.from - beside, to: view.to + beside };
    const share = (around.to - around.from) / (view.to - view.from);
    this.#ask(this.fine, around, width * share, this.fine.data ? SETTLED : 0);
  }

  #ask(slot, { from, to }, width, delay) {
    const px = Math.max(100, Math.min(MOST_PX, Math.round(width)));
    slot.ask({ from, to, px, perPx: (to - from) / px }, delay);
  }

  /** The same once more: time went on, or the last try failed. A month is not old after a few seconds. */
  refresh() {
    const { fine, coarse } = this;
    if (fine.data && !fine.asked) fine.ask(fine.data.whole, 0);
    if (coarse.data && !coarse.asked && Date.now() - coarse.data.said > STALE) coarse.ask(coarse.data.whole, 0);
  }

  /** What to draw [from, to) from: [{cameras, from, to}], the finest there is for each stretch. */
  sources({ from, to }) {
    const [fine, coarse] = [this.fine.data, this.coarse.data];
    if (!fine) return coarse ? [{ cameras: coarse.cameras, from, to }] : [];
    const found = [{ cameras: fine.cameras, from: Math.max(from, fine.from), to: Math.min(to, fine.to) }];
    if (coarse && from < fine.from) found.push({ cameras: coarse.cameras, from, to: Math.min(to, fine.from) });
    if (coarse && to > fine.to) found.push({ cameras: coarse.cameras, from: Math.max(from, fine.to), to });
    return found.filter((source) => source.from < source.to);
  }

  /** What is known of a camera at a moment; null where nothing was asked for yet. */
  cameraAt(code, ms) {
    const holds = (data) => data && data.from <= ms && ms < data.to;
    const data = [this.fine.data, this.coarse.data].find(holds);
    return data?.cameras.get(code) ?? null;
  }

  /** The server's clock. */
  now() {
    const data = this.fine.data ?? this.coarse.data;
    return data ? data.now + Date.now() - data.said : null;
  }

  stop() {
    this.fine.stop();
    this.coarse.stop();
  }
}
