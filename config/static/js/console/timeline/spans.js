// The states of cameras over time: decoding what the server says, looking things up in it, and the shapes
// that are drawn of it. Pure. A list of spans is flat, in order, in epoch ms: [start, end, start, end, …].

/** What is drawn, from below; the topmost state of a moment is the one that is named. */
export const STATES = ["off", "gaps", "recorded", "extra", "expiring", "held", "restricted"];

/** A delta coded list of the server (steps since `from`) in epoch ms. */
export function decode(list, from, step) {
  const spans = new Float64Array(list.length);
  let at = from;
  for (let i = 0; i < list.length; i += 2) {
    spans[i] = at + list[i] * step;
    spans[i + 1] = at = spans[i] + list[i + 1] * step;
  }
  return spans;
}

/** The server's answer with decoded lists: {from, to, step, now, cameras: Map(code → {state: spans, …})}. */
export function decodeAnswer(answer) {
  const cameras = new Map();
  for (const [code, said] of Object.entries(answer.cameras)) {
    const camera = { destroyedBefore: said.destroyed_before, first: said.first, last: said.last };
    for (const state of STATES) camera[state] = decode(said[state] ?? [], answer.from, answer.resolution_ms);
    cameras.set(code, camera);
  }
  return { from: answer.from, to: answer.to, step: answer.resolution_ms, now: answer.now, cameras };
}

/** The index (even) of the first span that ends after the moment; the list's length if none does. */
export function indexAfter(spans, ms) {
  let [low, high] = [0, spans.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[2 * middle + 1] > ms) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** The span that holds the moment, as [start, end]; null if none does. */
export function spanAt(spans, ms) {
  const i = indexAfter(spans, ms);
  return i < spans.length && spans[i] <= ms ? [spans[i], spans[i + 1]] : null;
}

/** What there is of a camera at a moment: {state, from, to}; state "destroyed", or "none" where nothing is said. */
export function stateAt(camera, ms) {
  for (const state of STATES.toReversed()) {
    const span = camera && spanAt(camera[state], ms);
    if (span) return { state, from: span[0], to: span[1] };
  }
  if (camera?.destroyedBefore != null && ms < camera.destroyedBefore)
    return { state: "destroyed", from: null, to: camera.destroyedBefore };
  return { state: "none", from: null, to: null };
}

/** The next moment after (`way` 1) or before (`way` -1) this one at which a state of the camera changes. */
export function nextEdge(camera, ms, way) {
  let best = null;
  for (const state of STATES) {
    for (const edge of camera[state])
      if ((edge - ms) * way > 0 && (best === null || (edge - best) * way < 0)) best = edge;
  }
  return best;
}

/** How many ms of [from, to) the spans fill. */
export function total(spans, from, to) {
  let sum = 0;
  for (let i = indexAfter(spans, from); i < spans.length && spans[i] < to; i += 2)
    sum += Math.min(spans[i + 1], to) - Math.max(spans[i], from);
  return sum;
}

/** Where the spans lie on `width` px that show [from, to), as [left, right, …] on half px. What is narrower
    than a px is one px wide; what then touches is one. Only what lies in [clipFrom, clipTo) is taken. */
export function boxes(spans, { from, to }, width, clipFrom = from, clipTo = to) {
  const scale = (2 * width) / (to - from);
  const [start, end] = [Math.max(from, clipFrom), Math.min(to, clipTo)];
  const found = [];
  for (let i = indexAfter(spans, start); i < spans.length && spans[i] < end; i += 2) {
    const left = Math.round((Math.max(spans[i], start) - from) * scale);
    const right = Math.max(Math.round((Math.min(spans[i + 1], end) - from) * scale), left + 2);
    const last = found.length - 1;
    if (last > 0 && left <= found[last]) found[last] = Math.max(found[last], right);
    else found.push(left, right);
  }
  for (let i = 0; i < found.length; i += 1) found[i] /= 2;
  return found;
}

const halves = []; // the texts of half px: writing numbers is what takes time
const text = (px) => (halves[px * 2] ??= String(px));

/** An SVG path of boxes (on half px) between the heights; `inset` (0 or 0.5) keeps a stroke inside. */
export function path(list, top, height, inset = 0) {
  const [across, down] = [` ${top + inset}H`, `v${height - 2 * inset}H`];
  let shape = "";
  for (let i = 0; i < list.length; i += 2) {
    const left = text(list[i] + inset);
    shape += "M" + left + across + text(list[i + 1] - inset) + down + left + "z";
  }
  return shape;
}

/** The boxes at least `px` wide, and the others: a dashed outline needs room. */
export function byWidth(list, px) {
  const [wide, narrow] = [[], []];
  for (let i = 0; i < list.length; i += 2)
    (list[i + 1] - list[i] >= px ? wide : narrow).push(list[i], list[i + 1]);
  return { wide, narrow };
}

const BAR = 3; // px from one bar of the motion strip to the next, the last of them free

/** The bars of a motion strip ({from, step_ms, levels: 0..255}) that stand on `floor`, at most `height` high. */
export function motionPath(motion, { from, to }, width, floor, height) {
  const scale = (to - from) / width;
  let text = "";
  for (let x = 0; x < width; x += BAR) {
    const first = Math.floor((from + x * scale - motion.from) / motion.step_ms);
    const last = Math.max(first + 1, Math.ceil((from + (x + BAR) * scale - motion.from) / motion.step_ms));
    let level = 0;
    for (let i = Math.max(first, 0); i < last && i < motion.levels.length; i += 1)
      if (motion.levels[i] > level) level = motion.levels[i];
    const high = Math.round((level / 255) * height * 2) / 2;
    if (high > 0) text += `M${x} ${floor - high}h${BAR - 1}v${high}h${1 - BAR}z`;
  }
  return text;
}

/** What of a selection is at x px (its edges at `left` and `right`): "from", "to", "inside" or null. */
export function grip(x, left, right, reach) {
  const [toLeft, toRight] = [Math.abs(x - left), Math.abs(x - right)];
  if (Math.min(toLeft, toRight) <= reach) return toLeft <= toRight ? "from" : "to";
  return x > left && x < right ? "inside" : null;
}
