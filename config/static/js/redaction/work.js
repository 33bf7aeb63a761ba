// What the computer does meanwhile: looking for people, rendering; how far it is, stop, try again, and what to do
// where it failed.

import { fill } from "../console/timeline/words.js";

const ASK_MS = 1500;
const SLOW_MS = 15_000;
const DONE = { look: "lookedDone", scene: "sceneDone" };

class Work {
  #timer = 0;
  #last = "";

  constructor(editor) {
    this.editor = editor;
    this.box = document.querySelector("[data-edit=work]");
    this.parts = Object.fromEntries([...this.box.querySelectorAll("[data-part]")].map((each) => [each.dataset.part, each]));
    const { room } = editor;
    room.onAct("work-again", () => this.#again());
    editor.addEventListener("facts", () => this.#take(editor.facts));
    room.addEventListener("closed", () => clearTimeout(this.#timer));
  }

  async #again() {
    const { editor } = this;
    try {
      await editor.room.ask(editor.links.again, { form: {} });
      await editor.load();
    } catch (refusal) {
      editor.room.say(refusal.message, { tone: "bad" });
    }
  }

  #take({ work, permille, error, state, mayRetry }) {
    const { texts } = this.editor;
    clearTimeout(this.#timer);
    const busy = Boolean(work);
    this.#draw({ busy, permille, error, mayRetry, title: busy ? texts[`work_${work}`] : error ? texts.workFailed : texts[`state_${state}`], state });
    if (busy && !this.editor.room.closed) this.#timer = setTimeout(() => this.#ask(), ASK_MS);
    const now = `${work} ${state}`;
    const [before] = this.#last.split(" ");
    // The scene may have been taken back instead.
    const done = before !== "scene" || this.editor.facts.scene.how === "waits";
    if (this.#last && now !== this.#last && !busy && !error && done) this.editor.say(DONE[before] ?? "workDone");
    this.#last = now;
  }

  #draw({ busy, permille, error, title, state, mayRetry = false }) {
    const { texts } = this.editor;
    const { parts } = this;
    this.box.hidden = !busy && !error && state === "editing";
    parts.title.textContent = title ?? "";
    parts.share.textContent = busy ? fill(texts.share, { share: Math.floor(permille / 10) }) : "";
    parts.bar.hidden = !busy;
    parts.bar.value = permille;
    parts.text.textContent = error || (busy ? texts.workWait : (texts[`says_${state}`] ?? ""));
    parts.text.hidden = !parts.text.textContent;
    this.box.classList.toggle("is-failed", Boolean(error));
    parts.cancel.hidden = (!busy && !error) || this.editor.facts.work === "scene";
    parts.again.hidden = busy || !mayRetry; // what was changed since has to be sent anew
  }

  async #ask() {
    const { editor } = this;
    const { facts, room } = editor;
    try {
      const told = await (await room.ask(facts.urls.progress)).json();
      const changed = told.state !== facts.state || told.work !== facts.work;
      if (changed) return await editor.load();
      facts.permille = told.permille;
      this.#draw({ busy: true, permille: told.permille, error: "", title: this.parts.title.textContent, state: facts.state });
      this.#timer = setTimeout(() => this.#ask(), document.hidden ? SLOW_MS : ASK_MS);
    } catch {
      if (!room.closed) this.#timer = setTimeout(() => this.#ask(), SLOW_MS);
    }
    return undefined;
  }
}

export function mountWork(editor) {
  new Work(editor);
}
