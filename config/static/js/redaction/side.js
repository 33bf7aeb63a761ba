// Beside the picture: what leaves, the doubtful moments, and the tracks with what may be done to each.

import { rowOf } from "../console/dock.js";
import { fill } from "../console/timeline/words.js";

const PHONE = window.matchMedia("(max-width: 50rem)");
const part = (name) => document.querySelector(`[data-edit="${name}"]`);

class Side {
  #doubts = new Map(); // key -> row
  #tracks = new Map(); // number -> row
  #scrolled = null;
  #sought = null;

  constructor(editor) {
    this.editor = editor;
    for (const name of ["facts", "chosen"]) editor.addEventListener(name, () => this.draw());
    for (const name of ["facts", "frame"]) editor.addEventListener(name, () => this.#drawHere());
    editor.addEventListener("state", () => this.#drawRule());
    const side = document.querySelector(".side");
    // Radio buttons and menus keep their arrows; the room would take them for steps in time.
    side.addEventListener("keydown", (event) => {
      if (event.target.matches("input[type=radio], select") && /^Arrow|^ $/.test(event.key)) event.stopPropagation();
    });
    side.addEventListener("click", (event) => event.detail > 0 && event.target.matches("input[type=radio]") && event.target.blur());
    side.addEventListener("change", (event) => this.#changed(event.target));
    this.#listen();
  }

  #listen() {
    const { editor } = this;
    const { room } = editor;
    room.onAct("doubt", (button, event) => {
      // A second Enter on the doubt that is open settles it.
      if (event?.detail === 0 && editor.doubt === button.value && !this.#settledOf(button.value)) editor.settle();
      else editor.openDoubt(button.value);
    });
    room.onAct("settle", (button) => editor.settle(true, button.value));
    room.onAct("unsettle", (button) => editor.settle(false, button.value));
    room.onAct("track", (button) => this.#openTrack(Number(button.value)));
    room.onAct("make-subject", (button) => {
      editor.edit("subject", { track: Number(button.value) }).then((done) => done && editor.say("subjectSet"));
    });
    room.onAct("not-subject", () => editor.edit("subject", {}).then((done) => done && editor.say("subjectNone")));
    room.onAct("also-subject", (button) => {
      editor.edit("subject", { track: Number(button.value), also: true }).then((done) => done && editor.say("subjectSet"));
    });
  }

  #settledOf = (key) => this.editor.facts.doubts.find((each) => each.key === key)?.settled;

  // A press shows the track where it is seen first, unless it is in the picture already.
  #openTrack(number) {
    const { editor } = this;
    const track = editor.facts.tracks.get(number);
    if (!track) return;
    editor.choose({ kind: "track", id: number });
    if (!track.boxAt(editor.frame)) editor.goTo(editor.frame > track.last ? track.last : Math.max(track.first, editor.frame));
    if (!track.boxAt(editor.frame)) editor.goTo(track.first);
  }

  #changed(input) {
    const { editor } = this;
    const role = input.closest("[data-role-of]");
    if (role) editor.edit("role", { track: Number(role.dataset.roleOf), role: input.value }, { said: fill(editor.texts.roleSet, { number: role.dataset.roleOf, how: input.parentElement.textContent.trim() }) });
    else if (input.name === "mode") editor.edit("mode", { mode: input.value });
    else if (input.name === "style") editor.edit("style", { style: input.value });
    else if (input.name === "kind") editor.edit("subject_kind", { kind: input.value });
  }

  draw() {
    const { facts } = this.editor;
    if (!facts) return;
    this.#drawDoubts();
    this.#drawTracks();
    this.#drawRule();
    this.#drawHere();
  }

  #drawRule() {
    const { facts, mayEdit } = this.editor;
    if (!facts) return;
    for (const radio of part("mode").querySelectorAll("input")) {
      radio.checked = radio.value === facts.mode;
      radio.disabled = !mayEdit;
    }
    for (const [name, value] of [["kind", facts.subjectKind], ["style", facts.style]]) {
      part(name).value = value;
      part(name).disabled = !mayEdit;
    }
    part("style-says").hidden = facts.style === "fill";
    for (const radio of document.querySelectorAll("[data-role-of] input"))
      radio.disabled = !mayEdit || facts.tracks.get(Number(radio.closest("[data-role-of]").dataset.roleOf))?.subject;
    for (const button of document.querySelectorAll(".side .edit__acts .btn, .edit__tools .btn:not([value=choose]), .track--cover .split .btn")) button.disabled = !mayEdit;
  }

  // ---------- doubts ----------

  #drawDoubts() {
    const { facts, doubt: open, words, texts } = this.editor;
    const list = part("doubts");
    const doubts = facts.doubts.toSorted((a, b) => a.settled - b.settled || a.first - b.first);
    const keys = new Set(doubts.map((each) => each.key));
    for (const [key, row] of this.#doubts)
      if (!keys.has(key)) {
        row.element.remove();
        this.#doubts.delete(key);
      }
    for (const doubt of doubts) {
      if (!this.#doubts.has(doubt.key)) this.#doubts.set(doubt.key, rowOf("doubt-row"));
      const { element, parts } = this.#doubts.get(doubt.key);
      for (const name of ["go", "settle", "unsettle"]) parts[name].value = doubt.key;
      parts.time.textContent = words.second(facts.momentOf(doubt.first));
      parts.what.textContent = doubt.what;
      parts.why.textContent = doubt.why;
      parts.open.hidden = doubt.settled;
      parts.done.hidden = !doubt.settled;
      parts.go.classList.toggle("doubt--done", doubt.settled);
      current(parts.go, doubt.key === open);
      parts.acts.hidden = doubt.key !== open;
      parts.settle.hidden = doubt.settled;
      parts.unsettle.hidden = !doubt.settled;
    }
    order(list, doubts.map((each) => this.#doubts.get(each.key).element));
    const left = facts.doubtsLeft;
    part("doubts-left").textContent = doubts.length ? fill(texts.doubtsLeft, { left, count: doubts.length }) : "";
    part("doubts-none").hidden = doubts.length > 0;
    part("doubts-none").textContent = facts.frames ? texts.doubtsNone : texts.notLooked;
    if (open !== this.#scrolled) reveal(this.#doubts.get(open)?.element);
    this.#scrolled = open;
  }

  // ---------- tracks ----------

  #drawTracks() {
    const { facts, texts } = this.editor;
    const tracks = orderOf(facts);
    for (const [number, row] of this.#tracks)
      if (!facts.tracks.has(number)) {
        row.element.remove();
        this.#tracks.delete(number);
      }
    for (const track of tracks) {
      if (!this.#tracks.has(track.number)) this.#tracks.set(track.number, this.#makeTrack(track.number));
      this.#drawTrack(this.#tracks.get(track.number), track);
    }
    const rowsOf = (wanted) => tracks.filter(wanted).map((track) => this.#tracks.get(track.number).element);
    const motion = rowsOf(isMotion);
    order(part("tracks"), rowsOf((track) => !isMotion(track)));
    order(part("motion"), motion);
    part("motion-part").hidden = !motion.length;
    part("motion-count").textContent = motion.length;
    const chosen = this.editor.chosenTrack?.number;
    // Who steps through the doubts looks at those; else the chosen track is brought into sight.
    if (chosen !== this.#sought && isMotion(facts.tracks.get(chosen) ?? {})) part("motion-part").open = true;
    if (chosen !== this.#sought && !facts.doubts.some((each) => each.key === this.editor.doubt)) reveal(this.#tracks.get(chosen)?.element);
    this.#sought = chosen;
    part("tracks-none").hidden = tracks.length > 0;
    part("tracks-none").textContent = facts.frames ? texts.tracksNone : texts.notLooked;
  }

  #makeTrack(number) {
    const row = rowOf("track-row");
    row.parts.go.value = row.parts.subject.value = row.parts.also.value = number;
    row.parts.number.textContent = number;
    row.parts.roles.dataset.roleOf = number;
    row.parts.roles.setAttribute("aria-label", fill(this.editor.texts.trackNamed, { number }));
    for (const radio of row.parts.roles.querySelectorAll("input")) radio.name = `role-${number}`;
    return row;
  }

  #drawTrack({ parts }, track) {
    const { editor } = this;
    const { facts, words, chosen, texts } = editor;
    parts.name.textContent = editor.nameOf(track);
    const lasts = facts.momentOf(track.last) - facts.momentOf(track.first);
    parts.span.textContent = fill(texts.trackSpan, { time: words.second(facts.momentOf(track.first)), length: words.duration(Math.max(1000, lasts)) });
    parts.number.className = `track__n ${toneOf(track)}`;
    for (const radio of parts.roles.querySelectorAll("input")) radio.checked = radio.value === (track.subject ? "show" : track.role);
    const open = (chosen?.kind === "track" && chosen.id === track.number) || (chosen?.kind === "subject" && facts.subject?.track === track.number);
    current(parts.go, open);
    parts.acts.hidden = !open;
    parts.subject.hidden = track.subject;
    parts.not.hidden = !track.subject;
    parts.also.hidden = track.subject || !facts.subject;
  }

  // Which tracks are in the picture: theirs stand out.
  #drawHere() {
    const { facts, frame } = this.editor;
    if (!facts) return;
    for (const [number, { element }] of this.#tracks) element.classList.toggle("is-here", Boolean(facts.tracks.get(number)?.boxAt(frame)));
  }
}

/** Whether a track is only something that moved, and nobody said more of it. */
export const isMotion = (track) => track.kind === "motion" && !track.subject && track.role === "hide";

/** The tracks as they are listed: the subject, then people and things, then what only moved. */
export const orderOf = (facts) => {
  const rank = (track) => (track.subject ? 0 : isMotion(track) ? 2 : 1);
  return [...facts.tracks.values()].sort((a, b) => rank(a) - rank(b) || a.number - b.number);
};

/** How a track's number looks. */
export const toneOf = (track) => (track.role === "show" || track.subject ? "track__n--shown" : track.doubtful.length ? "track__n--doubt" : "");

// On a phone the lists are part of the page, which stays where the thumb left it.
const reveal = (element) => PHONE.matches || element?.scrollIntoView({ block: "nearest" });

const current = (element, is) => {
  if (is) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
};

// Rows in their order; those that stand right stay, so that the focus does.
export function order(list, rows) {
  rows.forEach((row, place) => {
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
  });
}

export function mountSide(editor) {
  new Side(editor);
}
