// Small pictures of the chosen camera over what the timeline shows, when they are asked for: each is a viewing
// too, so no more than a dozen, and none while the strip is closed.

import { readPlaylist } from "./parts.js";

const MOST = 12;
const SETTLE_MS = 600;
const AGAIN_MS = 4000;
const MOST_WAIT_MS = 12_000;
const TRIES = 12;

class Thumbs {
  #timer = 0;
  #round = 0;
  #drawn = "";

  constructor(room, words) {
    this.room = room;
    this.words = words;
    this.box = document.getElementById("small-pictures");
    this.strip = document.getElementById("thumbs");
    this.box.addEventListener("toggle", () => this.#soon(0));
    room.addEventListener("state", () => this.#soon());
    room.addEventListener("view", () => this.#soon());
    room.addEventListener("closed", () => {
      this.#round += 1;
      this.strip.replaceChildren();
    });
  }

  #soon(wait = SETTLE_MS) {
    clearTimeout(this.#timer);
    if (this.box.open && !this.room.closed) this.#timer = setTimeout(() => this.#draw(), wait);
  }

  async #draw() {
    const camera = this.room.cameras.get(this.room.chosen);
    const view = this.room.view ?? this.room.span;
    const from = Math.max(view.from ?? view.starts, this.room.span.starts);
    const to = Math.min(view.to ?? view.ends, this.room.span.ends);
    const wish = `${camera.code} ${Math.round(from)} ${Math.round(to)}`;
    if (wish === this.#drawn || to <= from) return;
    this.#drawn = wish;
    const round = ++this.#round;
    this.strip.setAttribute("aria-busy", "true");
    const found = camera.empty ? [] : await this.#find(camera, from, to);
    if (round !== this.#round) return;
    this.strip.removeAttribute("aria-busy");
    if (found.length) this.strip.replaceChildren(...found.map((part) => this.#button(camera, part, round)));
    else this.strip.replaceChildren(this.room.texts.thumbsNone);
  }

  // One segment for each twelfth of the view, found without asking for all that lies between.
  async #find(camera, from, to) {
    const cell = (to - from) / MOST;
    const cells = Array.from({ length: MOST }, (_each, place) => this.#first(camera, from + place * cell, from + (place + 1) * cell));
    const parts = (await Promise.all(cells)).filter((part) => part && part.starts >= this.room.span.starts);
    return [...new Map(parts.map((part) => [part.segment, part])).values()];
  }

  async #first(camera, from, to) {
    const read = async (start) => {
      const query = new URLSearchParams({ from: new Date(start).toISOString(), to: new Date(start + 1000).toISOString() });
      const url = `${camera.playlist}?${query}`;
      const answer = await this.room.ask(url).catch(() => null);
      return answer ? readPlaylist(await answer.text(), new URL(url, location.href)) : { parts: [], next: null };
    };
    const here = await read(from);
    if (here.parts.length) return here.parts.at(-1);
    return here.next !== null && here.next < to ? (await read(here.next)).parts[0] : null;
  }

  #button(camera, part, round) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "thumb";
    const image = document.createElement("img");
    image.width = 128;
    image.height = 72;
    image.className = "is-waiting";
    image.alt = "";
    this.#load(image, camera.thumb.replace("{segment}", part.segment), round);
    const label = document.createElement("span");
    label.textContent = this.words.second(part.starts);
    button.append(image, label);
    button.addEventListener("click", () => this.room.seek(part.starts));
    return button;
  }

  // New segments get their small picture by a job, so one that is missing may come a little later.
  #load(image, url, round, attempt = 0) {
    image.addEventListener("load", () => image.classList.remove("is-waiting"), { once: true });
    image.addEventListener("error", () => {
      if (this.room.closed || round !== this.#round || attempt >= TRIES) return;
      const wait = Math.min(AGAIN_MS * (attempt + 1), MOST_WAIT_MS);
      setTimeout(() => this.#load(image, url, round, attempt + 1), wait);
    }, { once: true });
    image.src = attempt ? `${url}?again=${attempt}` : url;
  }
}

/** The strip of small pictures below the timeline; `room.view` {from, to} is what the timeline shows. */
export const mountThumbs = (room, words) => new Thumbs(room, words);
