// Which parts of a camera there are: the session's playlist, fetched in windows as they are needed.

export const WINDOW_MS = 20 * 60_000;
// Footage of the last minutes may still be coming in: what is known of it is asked for again.
const FRESH_MS = 5 * 60_000;
const AGAIN_MS = 10_000;

/** {parts, next, previous} of a playlist at `base`; times in epoch ms. */
export function readPlaylist(text, base) {
  const found = { parts: [], next: null, previous: null };
  let init = "";
  let starts = 0;
  let length = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) {
      const [name, moment] = line.slice(2).split(" ");
      if (name in found && name !== "parts") found[name] = Date.parse(moment);
    } else if (line.startsWith("#EXT-X-MAP:")) init = new URL(/URI="([^"]+)"/.exec(line)[1], base).href;
    else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) starts = Date.parse(line.slice(25));
    else if (line.startsWith("#EXTINF:")) length = Math.round(parseFloat(line.slice(8)) * 1000);
    else if (line && !line.startsWith("#")) {
      const url = new URL(line, base);
      const [segment, name] = url.pathname.split("/").slice(-2);
      const query = url.searchParams;
      found.parts.push({
        key: `${segment}/${name}`, segment, url: url.href, init, starts, ends: starts + length,
        converted: query.get("from") ?? "", masked: query.has("masked"), refusal: null,
      });
    }
  }
  return found;
}

export class Parts {
  #windows = new Map(); // number -> {parts, next, previous, loaded}
  #loading = new Map(); // number -> promise

  /** `fetchText(url)` gives a playlist's text; `url` is the camera's, `query` what each request adds. */
  constructor({ url, query, span, now, fetchText }) {
    Object.assign(this, { url, query, span, now, fetchText });
  }

  #number(ms) {
    return Math.floor((ms - this.span.starts) / WINDOW_MS);
  }

  #held(ms) {
    const held = this.#windows.get(this.#number(ms));
    return held?.stale && Date.now() - held.loaded > AGAIN_MS ? null : held;
  }

  /** Whether it is known what there is at `ms`; asks for it if not, `onKnown` is then called. */
  known(ms, onKnown) {
    if (this.#held(ms)) return true;
    this.#load(this.#number(ms)).then(onKnown, () => {});
    return this.#windows.has(this.#number(ms));
  }

  /** The part that shows `ms`, or null. Only what is known. */
  at(ms) {
    const parts = this.#windows.get(this.#number(ms))?.parts ?? [];
    return parts.findLast((part) => part.starts <= ms && ms < part.ends) ?? null;
  }

  /** Known parts that show something of [from, to), in order. */
  between(from, to) {
    const found = new Map();
    for (let number = this.#number(from); number <= this.#number(to); number++)
      for (const part of this.#windows.get(number)?.parts ?? [])
        if (part.ends > from && part.starts < to) found.set(part.key, found.get(part.key) ?? part);
    return [...found.values()];
  }

  /** Where the next footage after `ms` begins: a time, null if there is none, undefined while not known. */
  after(ms) {
    const held = this.#windows.get(this.#number(ms));
    if (!held) return undefined;
    return held.parts.find((part) => part.starts > ms && !part.refusal)?.starts ?? held.next;
  }

  /** Where the footage before `ms` ends: as `after`. */
  before(ms) {
    const held = this.#windows.get(this.#number(ms));
    if (!held) return undefined;
    return held.parts.findLast((part) => part.ends <= ms && !part.refusal)?.ends ?? held.previous;
  }

  /** Forget everything: addresses have changed. */
  forget() {
    this.#windows.clear();
  }

  #load(number) {
    if (!this.#loading.has(number))
      this.#loading.set(number, this.#fetch(number).finally(() => this.#loading.delete(number)));
    return this.#loading.get(number);
  }

  async #fetch(number) {
    const from = this.span.starts + number * WINDOW_MS;
    const to = Math.min(from + WINDOW_MS, this.span.ends);
    if (from < this.span.starts || from >= to) throw new RangeError("outside the session");
    const query = new URLSearchParams(this.query);
    query.set("from", new Date(from).toISOString());
    query.set("to", new Date(to).toISOString());
    const url = `${this.url}?${query}`;
    const read = readPlaylist(await this.fetchText(url), new URL(url, location.href));
    const refused = new Map((this.#windows.get(number)?.parts ?? []).map((part) => [part.key, part.refusal]));
    for (const part of read.parts) part.refusal = refused.get(part.key) ?? null;
    this.#windows.set(number, { ...read, loaded: Date.now(), stale: to > this.now() - FRESH_MS });
  }
}
