// The keys of a focused row. They act on the caret; what they use up, no shortcut of the page gets.
//
//   ← →  move the caret (Shift: select; Ctrl: to the next change)   ↑ ↓  the row above, below
//   PageUp PageDown  a view back, on   Home End  the session's or the view's ends   + −  zoom
//   Enter  play from here, or select: first where it begins, then where it ends   Escape  no selection

import { keyStep, zoomed } from "./view.js";

const FACTOR = 1.6;

const KEYS = {
  ArrowLeft: (line, event, row) => arrow(line, event, row, -1),
  ArrowRight: (line, event, row) => arrow(line, event, row, 1),
  ArrowUp: (line, _event, row) => toRow(line, row, -1),
  ArrowDown: (line, _event, row) => toRow(line, row, 1),
  PageUp: (line) => page(line, -1),
  PageDown: (line) => page(line, 1),
  Home: (line) => line.moveCaret(line.options.session?.starts ?? line.current.from),
  End: (line) => line.moveCaret(line.options.session?.ends ?? line.current.to),
  "+": (line) => zoom(line, 1 / FACTOR),
  "=": (line) => zoom(line, 1 / FACTOR),
  "-": (line) => zoom(line, FACTOR),
  Enter: (line, _event, row) => enter(line, row),
};

/** Handles a keydown inside the timeline. */
export function onKey(event, line) {
  const row = line.rows.find((each) => each.strip === event.target);
  if (!row || event.altKey || event.metaKey) return;
  if (event.ctrlKey && !event.key.startsWith("Arrow")) return;
  const action = event.key === "Escape" && line.pick ? () => line.setPick(null) : KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action(line, event, row);
}

function arrow(line, event, row, way) {
  const before = line.caretOr();
  const step = keyStep(line.current);
  if (event.ctrlKey) line.edge(row, way);
  else line.moveCaret(Math.round(before / step + way) * step);
  if (event.shiftKey && line.options.onSelect) extend(line, row, before);
}

// The selection goes on from the end of it that the caret was at.
function extend(line, row, before) {
  const pick = line.pick ?? { from: before, to: before, codes: [row.code] };
  const anchor = before === pick.from ? pick.to : before === pick.to ? pick.from : before;
  const codes = pick.codes.includes(row.code) ? pick.codes : [...pick.codes, row.code];
  line.setPick({ from: Math.min(anchor, line.caret), to: Math.max(anchor, line.caret), codes });
  line.select();
}

function toRow(line, row, way) {
  const other = line.rows[line.rows.indexOf(row) + way];
  other?.strip.focus();
}

function page(line, way) {
  const span = line.current.to - line.current.from;
  const at = line.caretOr();
  line.moveBy(way * span);
  line.moveCaret(at + way * span);
}

function zoom(line, factor) {
  line.go(zoomed(line.current, factor, Math.max(line.current.from, Math.min(line.current.to, line.caretOr())), line.bounds()));
}

function enter(line, row) {
  const at = line.caretOr();
  if (line.options.onSeek) return line.options.onSeek(row.code, at);
  if (!line.options.onSelect) return;
  if (line.begun == null) {
    line.begun = at;
    line.setPick({ from: at, to: at, codes: [row.code] });
    return;
  }
  line.setPick({ from: Math.min(line.begun, at), to: Math.max(line.begun, at), codes: [row.code] });
  line.begun = null;
  line.select();
}
