// Times of the room: those of the timeline, and what only a player needs.

import { Words } from "./timeline/words.js";

export class RoomWords extends Words {
  /** ".480": what follows the second. */
  fraction = (ms) => `.${String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, "0")}`;

  /** A clock time, with its day where that is another one than `beside`'s. */
  when = (ms, beside) => (this.date(ms) === this.date(beside) ? this.second(ms) : this.full(ms));
}
