// Keys of the room: whoever answers to one registers it once, with the words for the help sheet.

const FIELDS = "input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]), textarea, select";
// Keys that a focused control needs for itself.
const PRESSES = new Set([" ", "Enter"]);

/** The key as a name: "a", "ArrowLeft", "Shift+ArrowLeft". Letters by their place where the layout gives none
 * (Hangul, Kana), so that K is K in every language. */
export function nameOf(event) {
  let key = event.key;
  if (key.length === 1 && key.charCodeAt(0) > 126 && /^Key[A-Z]$/.test(event.code)) key = event.code.slice(3);
  if (key.length === 1) return key.toLowerCase();
  return event.shiftKey ? `Shift+${key}` : key;
}

export class Keys {
  #handlers = new Map();
  #rows = [];

  constructor(room) {
    this.room = room;
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** `key` is one name or a list; the first handler of a name stays. */
  add(key, handler, label) {
    const names = [key].flat();
    for (const name of names) if (!this.#handlers.has(name)) this.#handlers.set(name, handler);
    if (label) this.#rows.push({ names, label });
  }

  /** A row of the help sheet for keys that were added one by one. */
  describe(name, label) {
    this.#rows.push({ names: [name], label });
  }

  /** What the help sheet lists: [{names, label}]. */
  get rows() {
    return this.#rows;
  }

  #press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // A field of a sheet that was closed just now has the focus for a moment longer.
    const inField = (event.target.closest?.(FIELDS)?.getClientRects().length ?? 0) > 0;
    if (document.querySelector("dialog[open]") || inField) return;
    if (PRESSES.has(event.key) && event.target.closest?.("a, button, summary, [role=button]")) return;
    const handler = this.#handlers.get(nameOf(event));
    if (!handler) return;
    event.preventDefault();
    handler(event);
  }
}
