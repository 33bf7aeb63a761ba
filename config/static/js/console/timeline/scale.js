// Where a scale has its ticks. Pure. Ticks stand on round times of the place's own clocks: where the clocks
// are put back an hour has its ticks twice, where they are put on the skipped ones are absent.

import { DAY, dayNumber, dayStart, momentsOf, pieces } from "./zone.js";

const S = 1000;
const M = 60 * S;
const H = 60 * M;

// [between labels, between ticks, least px between labels]
const LADDER = [
  [S, 200, 84], [5 * S, S, 84], [10 * S, 2 * S, 84], [15 * S, 5 * S, 84], [30 * S, 5 * S, 84],
  [M, 10 * S, 64], [2 * M, 30 * S, 64], [5 * M, M, 64], [10 * M, 2 * M, 64], [15 * M, 5 * M, 64], [30 * M, 5 * M, 64],
  [H, 10 * M, 64], [2 * H, 30 * M, 64], [3 * H, H, 64], [6 * H, H, 64], [12 * H, 2 * H, 64],
  [DAY, 6 * H, 68], [2 * DAY, DAY, 68], [7 * DAY, DAY, 76], [14 * DAY, DAY, 76], [28 * DAY, 7 * DAY, 76],
];
const MONDAY = 4; // the first of 1970 was a Thursday

/** The steps of labels and of ticks for a span of this length on this many px. */
export function stepFor(span, width) {
  const fits = ([major, , px]) => (major / span) * width >= px;
  const [major, minor] = LADDER.find(fits) ?? LADDER.at(-1);
  return { major, minor };
}

/** The ticks in [from, to], in order: [{at, major, day, twice}]. `day`: a day begins there; `twice`: the
    clocks show this time two times. */
export function ticks(from, to, width, zone) {
  const { major, minor } = stepFor(to - from, width);
  const found = new Map();
  if (minor < DAY)
    for (const piece of pieces(from, to + 1, zone)) addClockTicks(found, piece, minor, major, zone);
  addDays(found, from, to, zone, Math.max(1, Math.round(major / DAY)), Math.max(1, Math.round(minor / DAY)));
  return [...found.values()].sort((a, b) => a.at - b.at);
}

function addClockTicks(found, piece, minor, major, zone) {
  const start = piece.from + piece.offset;
  for (let wall = Math.ceil(start / minor) * minor; wall - piece.offset < piece.to; wall += minor) {
    const at = wall - piece.offset;
    const labelled = wall % Math.min(major, DAY) === 0;
    found.set(at, {
      at, major: labelled && major < DAY, day: false,
      twice: labelled && momentsOf(wall, zone).length > 1,
    });
  }
}

function addDays(found, from, to, zone, majorDays, minorDays) {
  for (let number = dayNumber(from, zone); ; number += 1) {
    const at = dayStart(number, zone);
    if (at > to) return;
    if (at < from) continue;
    const isMajor = (number - MONDAY) % majorDays === 0;
    if (isMajor || (number - MONDAY) % minorDays === 0) found.set(at, { at, major: isMajor, day: true, twice: false });
  }
}

/** Those of the labels (in order, with `x` and `width`) that do not run into one another. Days go first. */
export function withoutOverlap(labels, gap = 8) {
  const kept = [];
  const isFree = (label) =>
    kept.every((other) => Math.abs(other.x - label.x) >= (other.width + label.width) / 2 + gap);
  for (const wanted of [true, false])
    for (const label of labels) if (label.day === wanted && isFree(label)) kept.push(label);
  return kept.sort((a, b) => a.x - b.x);
}
