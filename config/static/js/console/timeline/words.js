// Times in the language of the page and on the clocks of the site. Sentences come from the page's texts.

import { offsetAt } from "./zone.js";

const DAY_S = 86_400;

/** The texts of a <template>: {name: sentence with {placeholders}}. */
export const textsOf = (template) =>
  Object.fromEntries([...template.content.querySelectorAll("[data-text]")].map((each) => [each.dataset.text, each.textContent]));

/** The sentence with its placeholders filled in. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));

/** Writes times of a zone. `names`: {minutes ahead of UTC: what the zone is then called}. */
export class Words {
  constructor(zone, { language = "en", names = {}, texts = {} } = {}) {
    this.zone = zone;
    this.names = names;
    this.texts = texts;
    this.language = language === "en" ? "en-GB" : language;
    this.formats = new Map();
  }

  #format(key, ms) {
    if (!this.formats.has(key)) {
      const options = { timeZone: this.zone, ...FORMATS[key] };
      this.formats.set(key, new Intl.DateTimeFormat(this.language, options));
    }
    return this.formats.get(key).format(ms);
  }

  /** "10:04" */
  minute = (ms) => this.#format("minute", ms);
  /** "10:04:31" */
  second = (ms) => this.#format("second", ms);
  /** "14 Nov" */
  day = (ms) => this.#format("day", ms);
  /** "Sat 14 Nov 2026" */
  date = (ms) => this.#format("date", ms).replace(WEEKDAY, "$1");

  /** "KST" */
  zoneName(ms) {
    const named = this.names[offsetAt(ms, this.zone) / 60_000];
    if (named) return named;
    if (!this.formats.has("zone"))
      this.formats.set("zone", new Intl.DateTimeFormat(this.language, { timeZone: this.zone, timeZoneName: "short" }));
    return this.formats.get("zone").formatToParts(ms).find(({ type }) => type === "timeZoneName").value;
  }

  /** "Sat 14 Nov 2026, 10:04:31" */
  full = (ms) => this.#format("full", ms).replace(WEEKDAY, "$1");

  /** The label of a tick; where the clocks show it twice, with the name that tells the two apart. */
  tick({ at, day, twice }, step) {
    if (day) return this.day(at);
    const text = step < 60_000 ? this.second(at) : this.minute(at);
    return twice ? `${text} ${this.zoneName(at)}` : text;
  }

  /** "14 Nov, 10:02:10–10:09:40"; over midnight with both days. */
  span(from, to) {
    const first = this.#format("moment", from);
    if (this.day(from) === this.day(to - 1)) return `${first}–${this.second(to)}`;
    return `${first} – ${this.#format("moment", to)}`;
  }

  /** "10:02:10–10:09:40"; with the days where they differ. */
  clocks = (from, to) =>
    this.day(from) === this.day(to - 1) ? `${this.second(from)}–${this.second(to)}` : this.span(from, to);

  /** The days of a view: "14 Nov", "14 Nov – 16 Nov". */
  days = ({ from, to }) => [...new Set([this.day(from), this.day(to - 1)])].join(" – ");

  /** "7 min 30 s": at most two units, the largest first. */
  duration(ms) {
    let rest = Math.round(ms / 1000);
    const shown = [];
    for (const [size, name] of [[DAY_S, "days"], [3600, "hours"], [60, "minutes"], [1, "seconds"]]) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count) shown.push(this.count(name, count));
      else if (shown.length) break;
      if (shown.length === 2) break;
    }
    return (shown.join(" ") || this.count("seconds", 0)).replaceAll(" ", "\u00a0");
  }

  /** The sentence `name` about `n` of something; `name`_one where it is one. */
  count(name, n) {
    const text = (n === 1 && this.texts[`${name}_one`]) || this.texts[name] || "{n}";
    return fill(text, { n });
  }
}

const WEEKDAY = /^(\p{L}+),/u; // "Sat, 14 Nov": no comma after the day of the week
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const FORMATS = {
  minute: CLOCK,
  second: { ...CLOCK, second: "2-digit" },
  day: { day: "numeric", month: "short" },
  moment: { day: "numeric", month: "short", ...CLOCK, second: "2-digit" },
  date: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  full: { weekday: "short", day: "numeric", month: "short", year: "numeric", ...CLOCK, second: "2-digit" },
};
