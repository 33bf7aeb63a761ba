// The stretch of time that a timeline shows: moving and zooming it within what there can be. Pure.

import { DAY, dayNumber, dayStart } from "./zone.js";

export const SHORTEST = 4000; // ms
export const LONGEST = 31 * DAY;
const OVER_DAYS = 31;

/** The view [from, to) as near to what is asked as the bounds allow: length first, then place. */
export function within(from, to, bounds) {
  const span = Math.max(SHORTEST, Math.min(LONGEST, to - from));
  const start = from + (to - from - span) / 2;
  const latest = bounds.to - span;
  const first = Math.min(Math.max(start, Math.min(bounds.from, latest)), latest);
  return { from: first, to: first + span };
}

/** The view after zooming by the factor (above 1: out) around a moment, which stays where it is. */
export const zoomed = ({ from, to }, factor, at, bounds) => {
  const span = Math.max(SHORTEST, Math.min(LONGEST, (to - from) * factor));
  const share = (at - from) / (to - from);
  return within(at - share * span, at + (1 - share) * span, bounds);
};

/** The view moved so that the moment is in it, `margin` (share of its length) from the edges. */
export function showing({ from, to }, ms, bounds, margin = 0.05) {
  const inside = (to - from) * margin;
  if (ms < from + inside) return within(ms - inside, ms - inside + to - from, bounds);
  if (ms > to - inside) return within(ms + inside - (to - from), ms + inside, bounds);
  return { from, to };
}

/** The month around the view: the last 31 days up to the end of today, or whole weeks earlier. */
export function monthAround(view, now, zone) {
  const today = dayNumber(now, zone);
  const missing = today - OVER_DAYS + 1 - dayNumber(view.from, zone);
  const earlier = today - 7 * Math.ceil(Math.max(0, missing) / 7);
  const last = Math.max(earlier, Math.min(today, dayNumber(view.to, zone)));
  return { from: dayStart(last - OVER_DAYS + 1, zone), to: dayStart(last + 1, zone) };
}

const STEPS = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600].map((s) => s * 1000);

/** How far an arrow key goes: about a fortieth of the view, and round. */
export const keyStep = ({ from, to }) => STEPS.find((step) => step >= (to - from) / 40) ?? STEPS.at(-1);
