// The editor of a redaction: what the server knows, what is chosen, which tool is in hand; every decision goes to
// the server one after the other, and what it answers is shown.
//
// Events: "facts" (new facts from the server), "frame" (another frame), "chosen" (another track, cover or tool),
// "saving", "as" (shown as it will leave, or not), "state" (the redaction's state or work).

import { fill } from "../console/timeline/words.js";
import { Refusal } from "../console/room.js";
import { Facts, fits } from "./data.js";

export const TOOLS = ["choose", "subject", "box", "polygon", "mask"];

export class Editor extends EventTarget {
  #queue = Promise.resolve();
  #waiting = 0;

  constructor(room, words, links) {
    super();
    this.room = room;
    this.words = words;
    this.texts = room.texts;
    this.links = links;
    this.facts = null;
    this.frame = 0;
    this.tool = "choose";
    this.chosen = null; // {kind: "track" | "subject" | "cover" | "mask" | "fixed", id}
    this.doubt = null; // key of the doubt that is looked at
    this.stretch = null; // {first, last}: what [ and ] mark
    this.asLeaves = false;
    room.addEventListener("moment", ({ detail }) => this.#moved(detail));
    room.addEventListener("closed", () => this.#tell("state"));
  }

  /** Whether anything may be changed now. */
  get mayEdit() {
    return Boolean(this.facts?.mayEdit && !this.room.closed);
  }

  get saving() {
    return this.#waiting > 0;
  }

  // ---------- what is shown ----------

  /** Ask the server for everything; keeps the place and, where it is still there, what is chosen. */
  async load() {
    const told = await (await this.room.ask(this.links.data)).json();
    this.#take(told);
  }

  /** Load for the first time; what passes is waited for. */
  async open() {
    for (let wait = 1000; ; wait = Math.min(wait * 2, 15_000)) {
      try {
        return await this.load();
      } catch (refusal) {
        if (this.room.closed) return undefined;
        this.room.say(refusal.message, { tone: "bad" });
        if (!(refusal instanceof Refusal)) reportError(refusal);
        if (!refusal.passes) return undefined;
      }
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  #take(told) {
    const before = this.facts;
    this.facts = new Facts(told, before);
    if (this.chosen && !this.#isThere(this.chosen)) this.chosen = null;
    if (!this.facts.doubts.some((each) => each.key === this.doubt)) this.doubt = null;
    if (!before) this.#moved(this.room.moment ?? this.facts.starts);
    this.#tell("facts");
    this.#tell("state");
  }

  #isThere({ kind, id }) {
    const { facts } = this;
    if (kind === "subject") return Boolean(facts.subject);
    if (kind === "track") return facts.tracks.has(id);
    return facts[`${kind}s`].some((each) => each.id === id);
  }

  #moved(ms) {
    if (!this.facts || ms === null) return;
    const frame = this.facts.frameAt(ms);
    if (frame === this.frame) return;
    this.frame = frame;
    this.#tell("frame");
  }

  /** Show a frame; the clock stops there. */
  goTo(frame) {
    if (!this.facts?.frames) return;
    const last = this.facts.frames - 1;
    // The server's times are whole milliseconds: a moment later the frame has surely begun.
    this.room.seek(this.facts.momentOf(Math.min(Math.max(frame, 0), last)) + 0.99, { play: false });
  }

  choose(chosen) {
    const same = chosen?.kind === this.chosen?.kind && chosen?.id === this.chosen?.id;
    if (same) return;
    this.chosen = chosen;
    this.#tell("chosen");
  }

  setTool(tool) {
    if (!TOOLS.includes(tool) || (tool !== "choose" && !this.mayEdit)) return;
    this.room.pause();
    this.tool = tool;
    this.#tell("chosen");
  }

  setStretch(stretch) {
    this.stretch = stretch && stretch.last >= stretch.first ? stretch : null;
    this.#tell("chosen");
  }

  showAs(asLeaves) {
    this.asLeaves = asLeaves;
    this.#tell("as");
  }

  /** The chosen track, also where it is the subject; null for anything else. */
  get chosenTrack() {
    const { chosen, facts } = this;
    const number = chosen?.kind === "subject" ? facts.subject?.track : chosen?.kind === "track" ? chosen.id : null;
    return facts?.tracks.get(number) ?? null;
  }

  /** The chosen cover or mask; null for anything else. */
  get chosenCover() {
    const kind = this.chosen?.kind;
    if (kind !== "cover" && kind !== "mask") return null;
    return this.facts[`${kind}s`].find((each) => each.id === this.chosen.id) ?? null;
  }

  /** What a track is called. */
  nameOf(track) {
    const names = this.texts;
    if (track.subject) return names.nameSubject;
    return names[`name_${track.kind}`] ?? names.name_other;
  }

  // ---------- doubts ----------

  /** To the next (1) or previous (-1) doubt that is not settled; any, where all are. */
  nextDoubt(direction) {
    const doubts = this.facts?.doubts ?? [];
    const open = doubts.filter((each) => !each.settled);
    const among = (open.length ? open : doubts).toSorted((a, b) => a.first - b.first);
    if (!among.length) return this.say("noDoubts");
    const here = among.findIndex((each) => each.key === this.doubt);
    let place = here + direction;
    if (here < 0) {
      const after = among.findIndex((each) => each.first > this.frame);
      place = direction > 0 ? after : (after < 0 ? among.length : after) - 1;
    }
    this.openDoubt(among[(place + among.length) % among.length].key);
  }

  /** Go to a doubt and choose its track. */
  openDoubt(key) {
    const doubt = this.facts.doubts.find((each) => each.key === key);
    if (!doubt) return;
    this.doubt = key;
    const track = doubt.tracks.find((number) => this.facts.tracks.has(number));
    this.chosen = track === undefined ? null : { kind: "track", id: track };
    this.goTo(doubt.first);
    this.#tell("chosen");
    const time = this.words.second(this.facts.momentOf(doubt.first));
    this.room.say(fill(this.texts.doubtAt, { what: doubt.what, time }));
  }

  /** Settle the doubt that is looked at, and go on to the next one. */
  async settle(settled = true, key = this.doubt) {
    const doubt = this.facts?.doubts.find((each) => each.key === key);
    if (!doubt) return this.say("noDoubtHere");
    const done = await this.edit("settle", settled ? { doubt: doubt.key } : { doubt: doubt.key, settled: false });
    if (!done || !settled) return;
    if (this.facts.doubtsLeft) this.nextDoubt(1);
    else this.say("allSettled");
  }

  // ---------- decisions ----------

  /** Send a decision; true once the server has it. They go one after the other, each on what the last one made. */
  edit(kind, body, { said = "" } = {}) {
    return this.#send(() => [this.facts.urls.edits, { kind, body }], said);
  }

  /** Make a mask one of the camera's: every redaction of it covers that place. */
  keepMask(id) {
    return this.#send(() => [this.facts.urls.keepMask, { mask: id }], this.texts.maskKept);
  }

  undo() {
    this.hands?.flush();
    const { undo } = this.facts ?? {};
    if (undo?.can) this.#send(() => [this.facts.urls.undo, {}], fill(this.texts.undone, { what: undo.what }));
  }

  redo() {
    this.hands?.flush();
    const { redo } = this.facts ?? {};
    if (redo?.can) this.#send(() => [this.facts.urls.redo, {}], fill(this.texts.redone, { what: redo.what }));
  }

  /** Have it rendered, for a second person to review; throws what was refused. */
  async submit() {
    await this.#queue;
    try {
      await this.post(this.facts.urls.submit, { revision: this.facts.revision });
    } catch (refusal) {
      if (refusal.code === "redaction_changed") await this.load().catch(() => {});
      throw refusal.code === "redaction_changed" ? new Refusal(409, { message: this.texts.changedMeanwhile }) : refusal;
    }
    await this.load();
  }

  #send(make, said) {
    if (!this.mayEdit) {
      this.say(this.facts?.work ? "notWhileWorking" : "notNow2", "warn");
      return Promise.resolve(false);
    }
    this.#waiting += 1;
    this.#tell("saving");
    const done = this.#queue.then(async () => {
      try {
        const [url, body] = make();
        const told = await this.post(url, { revision: this.facts.revision, basis: this.facts.basis, ...body });
        // Everything may have been asked for anew meanwhile.
        if (fits(told, this.facts)) this.#take(told);
        else await this.load();
        if (said) this.room.say(said);
        return true;
      } catch (refusal) {
        await this.#refused(refusal);
        return false;
      } finally {
        this.#waiting -= 1;
        this.#tell("saving");
      }
    });
    this.#queue = done;
    return done;
  }

  async #refused(refusal) {
    if (!(refusal instanceof Refusal)) reportError(refusal);
    if (refusal.code !== "redaction_changed") {
      this.room.say(refusal.message, { tone: "bad" });
      this.#tell("facts"); // what was drawn meanwhile goes
      return;
    }
    await this.load().catch(() => {});
    this.say("changed", "warn");
  }

  /** Post JSON; gives the answer's JSON or throws a Refusal. */
  async post(url, body) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
    let answer;
    try {
      answer = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
    } catch {
      throw new Refusal(0, { message: this.texts.offline });
    }
    const told = answer.redirected ? null : await answer.json().catch(() => null);
    if (answer.ok && told) return told;
    const { texts } = this;
    const said = answer.redirected || answer.status === 401 ? texts.signedOut : texts.notNow;
    const refusal = new Refusal(answer.redirected ? 401 : answer.status, told?.error ?? (told?.code ? told : { message: said }));
    if (refusal.ends) this.room.close(refusal.message);
    throw refusal;
  }

  // ---------- words ----------

  /** Say a text of the page. */
  say(name, tone = "") {
    this.room.say(this.texts[name], { tone });
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
