// What is covered by hand: the list of covers and of what is covered throughout, from when to when, and away again.

import { rowOf } from "../console/dock.js";
import { fill } from "../console/timeline/words.js";
import { coverBody } from "./hands.js";
import { keepMask } from "./sheets.js";
import { order } from "./side.js";

const part = (name) => document.querySelector(`[data-edit="${name}"]`);

/** Remove the chosen cover or mask. */
export function removeChosen(editor) {
  const cover = editor.chosenCover;
  if (!cover) return editor.say("removeNone", "warn");
  const kind = editor.chosen.kind === "mask" ? "unmask" : "uncover";
  return editor.edit(kind, { id: cover.id }).then((done) => done && editor.say("removed"));
}

/** Let the chosen cover begin ("first") or end ("last") at the picture on screen; without one, mark a stretch. */
export function setEdge(editor, edge) {
  const { facts, frame, chosenCover: cover, texts, words } = editor;
  if (!facts?.frames) return;
  const time = words.second(facts.momentOf(frame));
  if (cover?.keys) {
    const changed = { ...cover, [edge]: frame };
    if (changed.first > changed.last) return editor.say("edgeWrong", "warn");
    editor.edit("cover", coverBody(changed), { said: fill(texts[edge === "first" ? "coverFrom" : "coverTo"], { time }) });
    return;
  }
  const stretch = editor.stretch ?? { first: 0, last: facts.frames - 1 };
  const next = edge === "first" ? { first: frame, last: Math.max(frame, stretch.last) } : { first: Math.min(frame, stretch.first), last: frame };
  editor.setStretch(next);
  editor.room.say(fill(texts.stretchSet, { from: words.second(facts.momentOf(next.first)), to: words.second(facts.momentOf(next.last)) }));
}

class Covers {
  #rows = new Map(); // "cover h1" -> row

  constructor(editor) {
    this.editor = editor;
    for (const name of ["facts", "chosen"]) editor.addEventListener(name, () => this.#draw());
    const { room } = editor;
    room.onAct("keep-mask", (button) => keepMask(editor, this.#choose(button.value)));
    room.onAct("cover", (button) => this.#open(button.value));
    for (const [name, edge] of [["cover-from", "first"], ["cover-to", "last"]])
      room.onAct(name, (button) => {
        this.#choose(button.value);
        setEdge(editor, edge);
      });
    room.onAct("uncover", (button) => {
      this.#choose(button.value);
      removeChosen(editor);
    });
  }

  #choose(key) {
    const [kind, id] = key.split(" ");
    const found = this.editor.facts[`${kind}s`].find((each) => String(each.id) === id);
    if (found) this.editor.choose({ kind, id: found.id });
    return found;
  }

  #open(key) {
    const cover = this.#choose(key);
    const { frame } = this.editor;
    if (cover?.keys && (frame < cover.first || frame > cover.last)) this.editor.goTo(cover.first);
  }

  #draw() {
    const { facts, texts, chosen, words, mayEdit } = this.editor;
    if (!facts) return;
    const kinds = { cover: facts.covers, mask: facts.masks, fixed: facts.fixeds };
    const all = Object.entries(kinds).flatMap(([kind, rows]) => rows.map((each) => [kind, each]));
    const keys = all.map(([kind, { id }]) => `${kind} ${id}`);
    for (const [key, row] of this.#rows)
      if (!keys.includes(key)) {
        row.element.remove();
        this.#rows.delete(key);
      }
    all.forEach(([kind, cover], place) => {
      const key = keys[place];
      if (!this.#rows.has(key)) this.#rows.set(key, rowOf("cover-row"));
      const { parts } = this.#rows.get(key);
      for (const name of ["go", "from", "to", "keep", "remove"]) parts[name].value = key;
      const name = kind === "mask" ? texts.maskNamed : texts[`cover_${cover.kind ?? cover.scope}`];
      parts.number.textContent = place + 1;
      parts.name.textContent = name;
      const throughout = cover.kept || kind === "fixed" ? texts.throughoutKept : texts.throughout;
      parts.span.textContent = kind !== "cover" ? throughout : fill(texts.coverSpan, { span: words.clocks(facts.momentOf(cover.first), facts.momentOf(cover.last) + 1), count: cover.keys.length });
      parts.from.hidden = parts.to.hidden = kind !== "cover";
      parts.keep.hidden = kind !== "mask" || cover.kept || !facts.mayKeep;
      parts.remove.hidden = kind === "fixed";
      parts.change.hidden = kind !== "fixed" || !facts.urls.cameraMasks;
      if (!parts.change.hidden) parts.change.href = facts.urls.cameraMasks;
      for (const each of ["from", "to", "keep", "remove"]) parts[each].disabled = !mayEdit;
      if (chosen?.kind === kind && chosen.id === cover.id) parts.go.setAttribute("aria-current", "true");
      else parts.go.removeAttribute("aria-current");
    });
    order(part("covers"), keys.map((key) => this.#rows.get(key).element));
    part("covers-part").hidden = !all.length;
    part("covers-count").textContent = all.length || "";
  }
}

export function mountCovers(editor) {
  new Covers(editor);
}
