// The scene behind the subject: coarse, or sharp once a second person has approved the still. Asking for it and
// taking it back are decisions like others.

const ASK_MS = 5000;
const part = (name) => document.querySelector(`[data-edit="${name}"]`);

class Scene {
  #timer = 0;

  constructor(editor) {
    this.editor = editor;
    part("sharp").addEventListener("change", ({ target }) => this.#ask(target.checked));
    // The bar of space is the switch's own here; elsewhere it plays.
    part("sharp").addEventListener("keydown", (event) => event.key === " " && event.stopPropagation());
    editor.room.onAct("scene-again", () => this.#ask(true));
    for (const name of ["facts", "state"]) editor.addEventListener(name, () => this.#draw());
    editor.room.addEventListener("closed", () => clearTimeout(this.#timer));
  }

  async #ask(sharp) {
    const { editor } = this;
    if (await editor.edit(sharp ? "sharp" : "coarse", {})) editor.say(sharp ? "sceneAsked" : "sceneBack");
    else this.#draw();
  }

  #draw() {
    const { facts, mayEdit, room } = this.editor;
    if (!facts) return;
    const { scene } = facts;
    part("scene").hidden = facts.mode !== "reveal";
    part("sharp").checked = scene.wanted;
    part("sharp").disabled = part("scene-again").disabled = !mayEdit;
    part("scene-says").textContent = scene.says;
    part("scene-again").hidden = !scene.again;
    clearTimeout(this.#timer);
    if (scene.how === "waits" && !facts.work && !room.closed) this.#timer = setTimeout(() => this.#look(), ASK_MS);
  }

  // Somebody else decides: the page sees it without being loaded again.
  async #look() {
    const { editor } = this;
    try {
      const told = await (await editor.room.ask(editor.facts.urls.progress)).json();
      if (told.scene !== editor.facts.scene.how) return await editor.load();
    } catch {
      // Asked again later.
    }
    return this.#draw();
  }
}

export function mountScene(editor) {
  new Scene(editor);
}
