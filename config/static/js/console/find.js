// Finding: when something moved in a region of a camera's picture, what moved on the timeline, and a jump to a time.

import { dockOf, lengthOf, panelFacts, rowOf } from "./dock.js";
import { Region } from "./region.js";
import { fieldText, fieldWall, momentOf } from "./timeline/zone.js";

// What moves is told from pictures, so each fetch is logged: it waits until the timeline rests, and a long
// view is not asked for at all.
const REST_MS = 500;
const LONGEST_STRIP_MS = 3 * 86_400_000;
const STRIP_STEPS = 1200;

/** Connect the find panel, the region over the chosen picture, and the motion strips. */
export function mountFind(room, words) {
  const finder = new Finder(room, words);
  room.onKey("m", () => finder.mark(), room.texts.keyFind);
  room.onAct("region", () => finder.mark());
  room.onAct("region-clear", () => finder.clear());
  mountJump(room);
  mountStrips(room, finder.facts);
}

class Finder {
  #regions = new Map(); // code -> numbers of the marked cells
  #region = null; // the one that is being marked
  #asking = null;
  #rows = [];

  constructor(room, words) {
    this.room = room;
    this.words = words;
    this.facts = panelFacts();
    this.dock = dockOf(room);
    this.part = (name) => document.querySelector(`[data-find="${name}"]`);
    this.form = this.part("search");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.search();
    });
    this.part("stop").addEventListener("click", () => this.#asking?.abort());
    room.addEventListener("state", () => this.#follow());
    room.addEventListener("closed", () => {
      this.#asking?.abort();
      this.#leave();
    });
    this.#says();
  }

  get camera() {
    return this.room.cameras.get(this.room.chosen);
  }

  /** Mark a region in the chosen picture, or stop marking. */
  mark() {
    if (this.room.closed || !this.camera) return;
    this.dock.open("find");
    if (this.#region) return this.#leave();
    const { code, name } = this.camera;
    const tile = document.querySelector(`[data-tile="${CSS.escape(code)}"]`);
    if (!tile) return;
    this.room.pause();
    this.#region = new Region(tile, {
      cells: this.#regions.get(code) ?? [],
      texts: this.room.texts,
      label: this.room.texts.regionHelp.replace("{camera}", name),
      changed: () => {
        this.#regions.set(code, this.#region.numbers);
        this.#says();
      },
      done: (search) => {
        this.#leave();
        if (search) this.search();
      },
    });
    this.#region.code = code;
    this.part("region").setAttribute("aria-pressed", "true");
  }

  clear() {
    this.#regions.delete(this.room.chosen);
    this.#region?.clear();
    this.#says();
  }

  async search() {
    const { room, camera } = this;
    if (room.closed || !camera || this.#asking) return;
    this.#leave();
    const { from, to } = this.#span();
    const cells = (this.#regions.get(camera.code) ?? []).map((cell) => [cell % 16, Math.floor(cell / 16)]);
    this.#asking = new AbortController();
    this.#busy(true);
    this.part("state").textContent = room.texts.searching.replace("{camera}", camera.name);
    try {
      const form = { from: String(from), to: String(to), region: cells.length ? JSON.stringify({ cells }) : "" };
      const answer = await room.ask(this.facts.cameras[camera.code].search, { form, signal: this.#asking.signal });
      this.#tell(camera, await answer.json());
    } catch (error) {
      this.part("state").textContent = error.name === "AbortError" ? room.texts.searchStopped : error.message;
    }
    this.#asking = null;
    this.#busy(false);
  }

  #span() {
    const { starts, ends } = this.room.span;
    const view = this.form.elements.span.value === "view" && this.room.view;
    const span = view ? { from: Math.max(view.from, starts), to: Math.min(view.to, ends) } : { from: starts, to: ends };
    if (span.from >= span.to) return { from: Math.floor(starts), to: Math.ceil(ends) };
    return { from: Math.floor(span.from), to: Math.ceil(span.to) };
  }

  #busy(busy) {
    this.part("progress").hidden = !busy;
    this.part("stop").hidden = !busy;
    this.part("go").disabled = busy;
    this.part("found").setAttribute("aria-busy", String(busy));
  }

  #tell(camera, told) {
    const { room } = this;
    const { texts } = room;
    room.found.set(camera.code, told.found);
    const searched = lengthOf(told.searched_ms, texts);
    const said = [
      told.found.length
        ? texts.foundSome.replace("{count}", told.found.length).replace("{searched}", searched)
        : texts.foundNone.replace("{searched}", searched),
    ];
    if (told.left_out) said.push(texts.foundLeft.replace("{count}", told.left_out));
    if (told.missing_ms) said.push(texts.foundMissing.replace("{missing}", lengthOf(told.missing_ms, texts)));
    this.part("state").textContent = said.join(" ");
    this.#list(camera);
    room.dispatchEvent(new CustomEvent("marks"));
    room.dispatchEvent(new CustomEvent("state"));
    if (told.found.length) this.#rows[0].go.focus();
  }

  #list(camera) {
    this.listed = camera.code;
    this.#rows = (this.room.found.get(camera.code) ?? []).map((each) => {
      const { element, parts } = rowOf("found-row");
      parts.time.textContent = this.words.when(each.from, this.room.span.starts);
      parts.length.textContent = lengthOf(each.to - each.from, this.room.texts);
      parts.score.value = each.score;
      parts.go.addEventListener("click", () => {
        this.room.choose(camera.code);
        this.room.seek(each.from);
      });
      return { element, go: parts.go, from: each.from };
    });
    this.part("found").replaceChildren(...this.#rows.map((row) => row.element));
  }

  #follow() {
    if (this.#region && this.#region.code !== this.room.chosen) this.#leave();
    if (this.camera && this.listed && this.listed !== this.camera.code) {
      this.#list(this.camera);
      this.part("state").textContent = "";
    }
    this.#says();
  }

  #leave() {
    const had = this.#region?.element === document.activeElement;
    this.#region?.close();
    this.#region = null;
    this.part("region").setAttribute("aria-pressed", "false");
    if (had) this.part("region").focus();
  }

  #says() {
    const some = Boolean(this.#regions.get(this.room.chosen)?.length);
    const text = some ? this.room.texts.regionSome : this.room.texts.regionNone;
    this.part("region-says").textContent = text.replace("{camera}", this.camera?.name ?? "");
    this.part("clear").hidden = !some;
  }
}

/** A time on the site's clocks; in an hour that comes twice, the first. */
function mountJump(room) {
  const form = document.querySelector('[data-find="jump"]');
  const field = form.elements.at;
  const { zone } = room.facts;
  field.min = fieldText(room.span.starts, zone);
  field.max = fieldText(room.span.ends, zone);
  field.value = field.min;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const at = momentOf(fieldWall(field.value), zone);
    if (!Number.isFinite(at)) return;
    room.seek(at);
    const { from, to } = room.timeline?.view() ?? {};
    if (from !== undefined && (at < from || at >= to)) room.timeline.show(at - (to - from) / 2, at + (to - from) / 2);
  });
}

/** What moved, for the cameras that are shown and the part of the viewing that the timeline shows. */
function mountStrips(room, facts) {
  const known = new Map(); // code -> what was fetched: {from, to, px}
  const asking = new Map(); // code -> AbortController
  let rest = 0;

  const wanted = () => {
    const view = room.view ?? { from: room.span.starts, to: room.span.ends };
    return {
      from: Math.floor(Math.max(view.from, room.span.starts)),
      to: Math.ceil(Math.min(view.to, room.span.ends)),
    };
  };
  const fits = (have, { from, to }) =>
    have && have.from <= from && have.to >= to && have.to - have.from <= 4 * (to - from);

  async function fetchStrip(code, span) {
    asking.get(code)?.abort();
    const stop = new AbortController();
    asking.set(code, stop);
    const query = new URLSearchParams({ from: span.from, to: span.to, px: STRIP_STEPS });
    try {
      const answer = await room.ask(`${facts.cameras[code].motion}?${query}`, { signal: stop.signal });
      const told = await answer.json();
      const levels = Uint8Array.from(atob(told.levels), (each) => each.charCodeAt(0));
      known.set(code, { ...span, missing: told.missing_ms });
      const strip = { from: told.from, step_ms: told.step_ms, levels };
      room.motion.set(code, strip);
      room.timeline?.setMotion(code, strip);
      room.dispatchEvent(new CustomEvent("state"));
    } catch {
      // What moved is a help; without it everything else works, and the next rest asks again.
    }
    if (asking.get(code) === stop) asking.delete(code);
  }

  const look = () => {
    clearTimeout(rest);
    rest = setTimeout(() => {
      const span = wanted();
      if (room.closed || document.hidden || span.to <= span.from || span.to - span.from > LONGEST_STRIP_MS) return;
      for (const code of room.shown)
        if (!room.cameras.get(code).empty && !asking.has(code) && !fits(known.get(code), span)) fetchStrip(code, span);
    }, REST_MS);
  };
  room.addEventListener("view", look);
  let shown = "";
  room.addEventListener("state", () => {
    if (shown === room.shown.join()) return;
    shown = room.shown.join();
    look();
  });
  look();
}
