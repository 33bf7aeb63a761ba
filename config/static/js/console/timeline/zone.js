// The clocks of a place: what they show at a moment, and which moments they show a time at. Pure; all
// moments are epoch ms in UTC, all wall clock times are ms as if the clock on the wall stood in UTC.
// The browser knows the rules of the zones (Intl); asked once per zone and UTC day, then remembered.

const SECOND = 1000;
export const DAY = 86_400_000;

const clocks = new Map(); // zone → Intl.DateTimeFormat
const days = new Map(); // zone → Map(UTC day → {offset, change, after})

const clockOf = (zone) => {
  if (!clocks.has(zone))
    clocks.set(
      zone,
      new Intl.DateTimeFormat("en-US", {
        timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
        year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
      }),
    );
  return clocks.get(zone);
};

const asked = (ms, zone) => {
  const at = Math.floor(ms / SECOND) * SECOND;
  const part = {};
  for (const { type, value } of clockOf(zone).formatToParts(at)) part[type] = Number(value);
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - at;
};

const dayOf = (number, zone) => {
  if (!days.has(zone)) days.set(zone, new Map());
  const known = days.get(zone);
  if (!known.has(number)) {
    const start = number * DAY;
    const [offset, after] = [asked(start, zone), asked(start + DAY, zone)];
    known.set(number, { offset, after, change: offset === after ? null : changeIn(start, start + DAY, offset, zone) });
  }
  return known.get(number);
};

const changeIn = (start, end, before, zone) => {
  while (end - start > SECOND) {
    const middle = Math.floor((start + end) / 2 / SECOND) * SECOND;
    if (asked(middle, zone) === before) start = middle;
    else end = middle;
  }
  return end;
};

/** What the zone's clocks are ahead of UTC at the moment, in ms. */
export function offsetAt(ms, zone) {
  const day = dayOf(Math.floor(ms / DAY), zone);
  return day.change !== null && ms >= day.change ? day.after : day.offset;
}

/** What the clocks show at the moment. */
export const wallAt = (ms, zone) => ms + offsetAt(ms, zone);

/** [from, to) cut where the clocks are changed: [{from, to, offset}], in order. */
export function pieces(from, to, zone) {
  const found = [];
  let start = from;
  for (let number = Math.floor(from / DAY); number * DAY < to; number += 1) {
    const { change } = dayOf(number, zone);
    if (change === null || change <= start || change >= to) continue;
    found.push({ from: start, to: change, offset: offsetAt(start, zone) });
    start = change;
  }
  found.push({ from: start, to, offset: offsetAt(start, zone) });
  return found;
}

const readings = (wall, zone) => {
  const offsets = [...new Set([offsetAt(wall - DAY, zone), offsetAt(wall + DAY, zone)])];
  return offsets.map((offset) => ({ at: wall - offset, offset }));
};

/** The moments at which the clocks show this: two where they are put back, none where they skip it. */
export const momentsOf = (wall, zone) =>
  readings(wall, zone)
    .filter(({ at, offset }) => offsetAt(at, zone) === offset)
    .map(({ at }) => at)
    .sort((a, b) => a - b);

/** Where a span from (`last` false) or up to (`last` true) this time begins or ends: it holds an hour that
    comes twice twice, and is never shorter than was asked for around one that is skipped. NaN gives NaN. */
export function momentOf(wall, zone, last = false) {
  if (!Number.isFinite(wall)) return NaN;
  const real = momentsOf(wall, zone);
  const from = real.length ? real : readings(wall, zone).map(({ at }) => at);
  return last ? Math.max(...from) : Math.min(...from);
}

/** The first moment of the day (counted since 1970 on the zone's clocks), also where midnight is skipped. */
export function dayStart(number, zone) {
  const wall = number * DAY;
  const [first] = momentsOf(wall, zone);
  if (first !== undefined) return first;
  return pieces(wall - 2 * DAY, wall + 2 * DAY, zone).find((piece) => piece.from + piece.offset > wall).from;
}

/** The day that the clocks show, counted since 1970. */
export const dayNumber = (ms, zone) => Math.floor(wallAt(ms, zone) / DAY);

/** What a datetime-local field wants: "2026-11-14T10:04:31". */
export const fieldText = (ms, zone) => new Date(wallAt(ms, zone)).toISOString().slice(0, 19);

/** The wall clock time of a datetime-local field; NaN for anything else. */
export const fieldWall = (text) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text.length === 16 ? `${text}:00` : text}Z`) : NaN;
