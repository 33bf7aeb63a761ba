// "Show as it will leave": paused, the picture is the server's own rendering of this frame; and some seconds of it
// as a small clip.

const WAIT_MS = 250;
const CLIP_MS = 10_000;
const MOST_MS = 20_000; // what the server makes at once

class Preview {
  #timer = 0;
  #abort = null;
  #address = "";
  #wanted = "";

  constructor(editor) {
    this.editor = editor;
    const { tile } = editor.picture;
    this.image = tile.querySelector("[data-part=preview]");
    this.note = tile.querySelector("[data-part=as]");
    this.toggle = document.querySelector("[data-edit=as]");
    this.toggle.addEventListener("change", () => editor.showAs(this.toggle.checked));
    for (const name of ["as", "frame", "facts"]) editor.addEventListener(name, () => this.#changed());
    editor.room.addEventListener("state", () => this.#changed());
    editor.room.addEventListener("closed", () => this.#hide());
    editor.room.onAct("clip", () => this.#clip());
    const dialog = document.getElementById("clip-sheet");
    this.clip = dialog.querySelector("video");
    dialog.addEventListener("close", () => this.#drop(this.clip));
  }

  // Nothing old may stand over another picture: it goes at once, the new one comes when the frame rests.
  #changed() {
    const { editor } = this;
    const { facts, frame, asLeaves, room } = editor;
    clearTimeout(this.#timer);
    const wanted = asLeaves && facts?.frames && !room.playing && !room.closed && facts.state !== "looking" ? `${facts.revision} ${frame}` : "";
    if (wanted !== this.#wanted) this.#hide();
    this.#wanted = wanted;
    if (asLeaves) this.#say(room.playing ? editor.texts.asPlaying : "");
    if (wanted && this.image.hidden) this.#timer = setTimeout(() => this.#show(wanted), WAIT_MS);
  }

  #say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  #hide() {
    this.#abort?.abort();
    this.image.hidden = true;
    this.#say("");
  }

  async #show(wanted) {
    const { editor } = this;
    const { facts, room, frame, texts } = editor;
    const abort = (this.#abort = new AbortController());
    this.#say(texts.asWaiting);
    try {
      const url = new URL(facts.urls.preview, location.href);
      url.searchParams.set("at", frame);
      const data = await (await room.ask(url.href, { signal: abort.signal })).blob();
      if (wanted !== this.#wanted) return;
      URL.revokeObjectURL(this.#address);
      this.#address = URL.createObjectURL(data);
      this.image.src = this.#address;
      await this.image.decode();
      if (wanted !== this.#wanted) return;
      this.image.hidden = false;
      this.#say(texts.asShown);
    } catch (refusal) {
      if (refusal.name !== "AbortError" && wanted === this.#wanted) this.#say(refusal.message || texts.notNow);
    }
  }

  // ---------- some seconds of it ----------

  async #clip() {
    const { editor } = this;
    const { facts, room, texts } = editor;
    if (!facts?.frames || room.closed) return;
    room.pause();
    const dialog = document.getElementById("clip-sheet");
    const says = dialog.querySelector("[data-part=says]");
    const from = editor.stretch?.first ?? editor.frame;
    const last = facts.frameAt(facts.momentOf(from) + (editor.stretch ? MOST_MS : CLIP_MS) - 2);
    const to = Math.min(editor.stretch?.last ?? last, last);
    says.textContent = texts.clipWaiting;
    dialog.showModal();
    const url = new URL(facts.urls.previewClip, location.href);
    url.searchParams.set("from", from);
    url.searchParams.set("to", to);
    try {
      const data = await (await room.ask(url.href)).blob();
      if (!dialog.open) return;
      this.clip.src = URL.createObjectURL(data);
      says.textContent = texts.clipShown;
      await this.clip.play().catch(() => {});
    } catch (refusal) {
      says.textContent = refusal.message || texts.notNow;
    }
  }

  #drop(video) {
    video.pause();
    if (video.src) URL.revokeObjectURL(video.src);
    video.removeAttribute("src");
    video.load();
  }
}

export function mountPreview(editor) {
  new Preview(editor);
}
