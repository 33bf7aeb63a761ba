// The stage: the tiles of the cameras that are shown, all on the room's clock; what happens where nothing was
// recorded; which camera a press or a swipe chooses.

import { Tile } from "./tile.js";

const LAYOUTS = [1, 2, 4, 6, 9];
const LOOK_MS = 80;
const PHONE = window.matchMedia("(max-width: 50rem)");
// Rather than jump over less than this, the clock just goes on.
const WORTH_A_JUMP_MS = 1500;
// How long the others wait for a camera that does not come.
const PATIENCE_MS = 4000;
// And for one that has its bytes: the last pictures before a gap come only with what follows them.
const TURN_MS = 1500;
// Seconds between two moving pictures that are still "in step", and how long they get to find their pace.
const APART_S = 0.1;
const SETTLE_MS = 600;
const SWIPE_PX = 60;

class Stage {
  #tiles = new Map(); // code -> Tile
  #gathering = true; // pictures are being brought to the moment; the clock waits
  #asked = 0;
  #waitsSince = 0;
  #started = 0; // when the pictures last began to move together
  #steps = Promise.resolve();
  #swipe = null;

  constructor(room, words) {
    this.room = room;
    this.words = words;
    this.players = document.getElementById("players");
    this.template = document.getElementById("tile-template");
    room.addEventListener("seek", () => this.#gather());
    room.addEventListener("state", () => this.#changed());
    room.addEventListener("moment", () => this.#look());
    room.addEventListener("step", ({ detail }) => this.#step(detail));
    room.addEventListener("closed", ({ detail }) => this.#end(detail));
    this.#listen();
    setInterval(() => this.#second(), 1000);
    setInterval(() => this.#look(), LOOK_MS);
  }

  get #shown() {
    return this.room.shown.map((code) => this.#tiles.get(code)).filter(Boolean);
  }

  get #chosen() {
    return this.#tiles.get(this.room.chosen);
  }

  // ---------- what is shown ----------

  #changed() {
    const { room } = this;
    if (room.closed) return;
    const kept = room.shown.join() === this.#shown.map((tile) => tile.camera.code).join() && this.#tiles.size === room.shown.length;
    if (!kept) this.#arrange();
    for (const [code, tile] of this.#tiles) tile.isChosen = code === room.chosen;
    this.#drawList();
    if (this.wasPlaying !== room.playing) {
      this.wasPlaying = room.playing;
      if (room.playing) this.#gather();
      else this.#stand();
    }
    this.#look();
  }

  #arrange() {
    const { room } = this;
    for (const [code, tile] of this.#tiles)
      if (!room.shown.includes(code)) {
        tile.close();
        tile.element.remove();
        this.#tiles.delete(code);
      }
    const changed = () => this.#soon();
    for (const code of room.shown) {
      const options = { template: this.template, words: this.words, changed };
      if (!this.#tiles.has(code)) this.#tiles.set(code, new Tile(room, room.cameras.get(code), options));
      this.players.append(this.#tiles.get(code).element);
    }
    const layout = LAYOUTS.find((count) => count >= room.shown.length) ?? LAYOUTS.at(-1);
    this.players.dataset.layout = layout;
    for (const button of document.querySelectorAll("[data-layout-button]"))
      button.setAttribute("aria-pressed", String(Number(button.value) === layout));
    this.#gather();
    this.#second();
  }

  #drawList() {
    const { room } = this;
    for (const button of document.querySelectorAll("[data-camera]")) {
      const { camera } = button.dataset;
      button.setAttribute("aria-pressed", String(room.shown.includes(camera)));
      if (camera === room.chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const count = document.getElementById("in-view");
    if (count) count.textContent = room.texts.inView.replace("{count}", room.shown.length);
  }

  // ---------- one clock ----------

  // Bring all pictures to the moment; the clock waits until they are there.
  #gather() {
    this.#gathering = true;
    this.#waitsSince = 0;
    this.#look();
  }

  #soon() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.#look(true));
  }

  #look(now = false) {
    const { room } = this;
    if (room.closed || room.moment === null || (!now && performance.now() - (this.looked ?? 0) < LOOK_MS / 2 && !this.#gathering)) return;
    this.looked = performance.now();
    if (this.#gathering) room.wait(room.playing);
    const ms = room.moment;
    const tiles = this.#shown;
    const wish = { playing: room.playing, running: room.running, speed: room.speed, tiles: tiles.length };
    const standing = tiles.map((tile) => [tile, tile.sync(ms, wish)]);
    this.#drawTimes(ms);
    if (!room.playing) return this.#rest();
    const missing = standing.filter(([, how]) => how === "waits" || how === "lags" || (this.#gathering && how === "turns"));
    if (missing.length && !this.#givenUp(missing)) {
      this.#gathering = true;
      return room.wait(true);
    }
    if (standing.every(([, how]) => how === "gap" || how === "refused") && this.#jump(tiles, ms)) return;
    if (!this.#gathering) return this.#keepTogether(standing.filter(([, how]) => how === "ok").map(([tile]) => tile.off), ms);
    this.#gathering = false;
    this.#started = performance.now();
    this.#waitsSince = 0;
    room.wait(false);
    for (const tile of tiles) tile.sync(room.moment, { ...wish, running: true });
  }

  // Pictures that drift apart are brought together again; a clock that runs away from all of them goes with them.
  #keepTogether(offs, ms) {
    if (!offs.length || performance.now() - this.#started < SETTLE_MS) return;
    const first = Math.max(...offs);
    if (first - Math.min(...offs) > APART_S) this.#gather();
    else if (Math.abs(first) > APART_S / 2) this.room.settle(ms + first * 1000 * this.room.speed);
  }

  #rest() {
    this.#gathering = false;
    this.#waitsSince = 0;
    this.room.wait(false);
  }

  #givenUp(missing) {
    this.#waitsSince ||= performance.now();
    const waited = performance.now() - this.#waitsSince;
    return missing.every(([tile, how]) => (how === "turns" ? waited > TURN_MS : tile.troubled && waited > PATIENCE_MS));
  }

  // All cameras show nothing: on to the next footage, or to the end. True if the clock was moved.
  #jump(tiles, ms) {
    const { room } = this;
    const starts = tiles.map((tile) => (tile.engine ? tile.engine.parts.after(ms) : null));
    if (starts.some((each) => each === undefined)) return false;
    const next = Math.min(...starts.filter((each) => each !== null));
    if (next === Infinity) {
      room.pause();
      room.say(room.texts.gapLast);
      return true;
    }
    if (!room.skipGaps || next - ms < WORTH_A_JUMP_MS) return false;
    room.seek(next);
    return true;
  }

  // Paused: the moment becomes the frame that the chosen camera really shows; the others follow it.
  #stand() {
    const { room } = this;
    const tile = this.#chosen;
    const shown = tile?.engine?.standing(room.moment) === "ready" ? tile.shownAt : null;
    const frame = shown === null ? null : tile.engine.frameAt(shown + 1);
    const near = frame !== null && Math.abs(frame - room.moment) < 1000 * Math.max(1, room.speed);
    room.settle(near ? Math.max(frame, room.span.starts) : room.moment);
  }

  #step(direction) {
    this.#steps = this.#steps.then(async () => {
      const { room } = this;
      const engine = this.#chosen?.engine;
      if (!engine || room.closed || room.playing) return;
      const frame = await engine.frameBeside(room.moment, direction);
      if (frame === null || room.playing) return;
      const { starts, ends } = room.span;
      if (frame < ends && (frame >= starts || direction > 0)) room.settle(Math.max(frame, starts));
      this.#look(true);
      await this.#seeked();
    }, () => {});
  }

  // Steps follow each other as fast as pictures come, no faster.
  #seeked() {
    const { video } = this.#chosen;
    if (!video.seeking) return undefined;
    return new Promise((done) => {
      video.addEventListener("seeked", done, { once: true });
      setTimeout(done, 1000);
    });
  }

  // ---------- what moves by itself ----------

  #second() {
    this.#drawTimes(this.room.moment);
    for (const tile of this.#shown) tile.moveMark(Math.floor(performance.now() / 1000));
  }

  #drawTimes(ms) {
    const now = this.words.second(this.room.facts.now + performance.now());
    for (const tile of this.#shown) tile.drawTimes(ms, now);
  }

  #end(text) {
    for (const tile of this.#tiles.values()) tile.end(text);
  }

  // ---------- what people press ----------

  #listen() {
    const { room, players } = this;
    document.addEventListener("visibilitychange", () => document.hidden && room.pause());
    document.querySelector(".cams")?.addEventListener("click", (event) => {
      const camera = event.target.closest("[data-camera]");
      if (camera) room.choose(camera.dataset.camera);
    });
    players.addEventListener("click", (event) => {
      const code = event.target.closest("[data-tile]")?.dataset.tile;
      if (code && code !== room.chosen) room.choose(code);
    });
    players.addEventListener("pointerdown", (event) => (this.#swipe = [event.clientX, event.clientY]));
    players.addEventListener("pointerup", (event) => this.#swiped(event));
    room.onAct("layout", (button) => room.arrange(Number(button.value)));
    room.onAct("to-next", (button) => room.seek(Number(button.value)));
    room.onAct("tile-full", (button) => this.#full(button.closest("[data-tile]")));
    room.onAct("full", () => this.#full(players));
    room.onKey("f", () => this.#full(players), room.texts.keyFull);
    room.onKey("z", () => this.#chosen?.zoom.reset(), room.texts.keyZoomOut);
    room.onKey("x", () => this.#chosen?.zoom.by(1.5), room.texts.keyZoomIn);
    const codes = [...room.cameras.keys()];
    codes.slice(0, 9).forEach((code, place) => room.onKey(String(place + 1), () => room.choose(code)));
    if (codes.length > 1) room.keys.describe("1 … 9", room.texts.keyCamera);
  }

  #full(element) {
    if (!document.fullscreenEnabled) return;
    if (document.fullscreenElement) document.exitFullscreen();
    else element.requestFullscreen().catch(() => {});
  }

  // On a phone a swipe over the picture shows the next camera.
  #swiped(event) {
    const start = this.#swipe;
    this.#swipe = null;
    if (!start || !PHONE.matches || this.room.shown.length > 1) return;
    const tile = this.#chosen;
    const across = event.clientX - start[0];
    if (!tile || tile.zoom.isIn || tile.zoom.moved || Math.abs(across) < SWIPE_PX) return;
    if (Math.abs(event.clientY - start[1]) > Math.abs(across)) return;
    const codes = [...this.room.cameras.keys()];
    const place = codes.indexOf(this.room.chosen) + (across < 0 ? 1 : -1);
    if (codes[place]) this.room.choose(codes[place]);
  }
}

/** Build the stage of a room; shows the cameras that have footage, one on a phone, at most four elsewhere, and plays
 * them unless `play` is false. */
export function mountStage(room, words, { play = true } = {}) {
  const stage = new Stage(room, words);
  const cameras = room.facts.cameras;
  const filled = cameras.filter((each) => !each.empty);
  const first = (filled.length ? filled : cameras).slice(0, PHONE.matches ? 1 : 4);
  room.show(first.map((each) => each.code));
  const starts = filled.map((each) => each.first);
  if (starts.length) room.seek(Math.min(...starts), { play });
  return stage;
}
