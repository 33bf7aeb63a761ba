// Every key of the editor. The sheet that lists them is made from what is registered here and in the stage.

import { removeChosen, setEdge } from "./covers.js";

const STEP_MS = 1000;
const FAR_MS = 10_000;
const ROLES = { h: "hide", w: "show", b: "manual" };

export function mountKeys(editor) {
  const { room, texts } = editor;
  const by = (ms) => () => room.moment !== null && room.seek(room.moment + ms);
  const key = (names, handler, label) => room.onKey(names, handler, texts[label]);

  key([" ", "k"], () => room.toggle(), "keyPlay");
  key("j", by(-FAR_MS), "keyBack");
  key("l", by(FAR_MS), "keyOn");
  key("ArrowLeft", by(-STEP_MS), "keySecondBack");
  key("ArrowRight", by(STEP_MS), "keySecondOn");
  key(",", () => room.step(-1), "keyFrameBack");
  key(".", () => room.step(1), "keyFrameOn");
  key(["ArrowUp", ">"], () => editor.speed(1), "keyFaster");
  key(["ArrowDown", "<"], () => editor.speed(-1), "keySlower");
  key("n", () => doubt(editor, 1), "keyDoubtOn");
  key("p", () => doubt(editor, -1), "keyDoubtBack");
  key("Enter", () => enter(editor), "keyEnter");
  key("v", () => editor.setTool("choose"), "keyChoose");
  key("s", () => editor.setTool("subject"), "keySubject");
  key("d", () => editor.setTool("box"), "keyBox");
  key("g", () => editor.setTool("polygon"), "keyShape");
  key("m", () => editor.setTool("mask"), "keyMask");
  for (let digit = 1; digit <= 9; digit++) room.onKey(String(digit), () => chooseTrack(editor, digit));
  room.keys.describe("1 … 9", texts.keyTrack);
  key("e", () => toBox(editor), "keyEdit");
  room.keys.describe("ArrowLeft", texts.keyNudge);
  room.keys.describe("Shift+ArrowLeft", texts.keyNudgeFar);
  room.keys.describe("Alt+ArrowLeft", texts.keySize);
  for (const [name, role] of Object.entries(ROLES)) key(name, () => setRole(editor, role), `keyRole_${role}`);
  key("t", () => room.act("split"), "keySplit");
  key("u", () => room.act("merge"), "keyMerge");
  key("a", () => room.act("assign"), "keyAssign");
  key("[", () => setEdge(editor, "first"), "keyFrom");
  key("]", () => setEdge(editor, "last"), "keyTo");
  key("\\", () => editor.setStretch(null), "keyNoStretch");
  key(["Delete", "Backspace"], () => removeChosen(editor), "keyRemove");
  key("o", () => document.querySelector("[data-edit=as]").click(), "keyAs");
  key("c", () => room.act("clip"), "keyClip");
  key(["+", "="], () => editor.rows?.zoom(0.5), "keyCloser");
  key("-", () => editor.rows?.zoom(2), "keyFarther");
  key("r", () => room.act("send"), "keySend");
  key("Escape", () => escape(editor), "keyEscape");
  key("?", () => openHelp(room), "keyHelp");
  room.keys.describe("Control+Z", texts.keyUndo);
  room.keys.describe("Control+Shift+Z", texts.keyRedo);
  room.onAct("help", () => openHelp(room));
  room.onAct("tool", (button) => editor.setTool(button.value));
  room.onAct("edit-box", () => toBox(editor));
  document.addEventListener("keydown", (event) => undo(editor, event));
  for (const name of ["chosen", "facts", "state"]) editor.addEventListener(name, () => drawTools(editor));
}

// Enter then settles the doubt, wherever the focus was.
function doubt(editor, direction) {
  if (document.activeElement?.matches?.("button, input")) document.activeElement.blur();
  editor.nextDoubt(direction);
}

// Enter does what the moment asks for: a shape that is being drawn, a tool in hand, else the doubt that is open.
function enter(editor) {
  if (editor.tool !== "choose") editor.hands.place();
  else editor.settle();
}

function escape(editor) {
  if (editor.hands?.cancel()) return;
  if (editor.tool !== "choose") editor.setTool("choose");
  else if (document.activeElement?.closest?.(".edit__boxes")) document.activeElement.blur();
  else editor.choose(null);
}

function undo(editor, event) {
  if (event.defaultPrevented || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  const letter = event.key.length === 1 && event.key.charCodeAt(0) < 127 ? event.key.toLowerCase() : event.code.slice(3).toLowerCase();
  if (document.querySelector("dialog[open]") || (letter !== "z" && letter !== "y")) return;
  event.preventDefault();
  if (letter === "y" || event.shiftKey) editor.redo();
  else editor.undo();
}

function chooseTrack(editor, digit) {
  const track = editor.facts?.tracks.get(digit);
  if (!track) return editor.say("noTrack", "warn");
  editor.room.act("track", { value: String(digit) });
  if (editor.tool === "subject") editor.hands.place();
}

function setRole(editor, role) {
  const track = editor.chosenTrack;
  if (!track) return editor.say("chooseFirst", "warn");
  if (track.subject) return editor.say("subjectShown", "warn");
  if (track.role !== role) document.querySelector(`[data-role-of="${track.number}"] [value=${role}]`)?.click();
}

function toBox(editor) {
  editor.room.pause();
  editor.setTool("choose");
  if (!editor.chosen) return editor.say("chooseFirst", "warn");
  if (!editor.picture.focus()) editor.say("noBoxHere", "warn");
}

function drawTools(editor) {
  const { tool, facts, texts, mayEdit } = editor;
  for (const button of document.querySelectorAll("[data-act=tool]")) {
    button.setAttribute("aria-pressed", String(button.value === tool));
    button.disabled = button.value !== "choose" && !mayEdit;
  }
  const needs = mayEdit && facts?.mode === "reveal" && !facts.subject && facts.subjectKind !== "nobody";
  const text = tool === "choose" ? (needs ? texts.hintNeeds : texts.hint_choose) : texts[`hint_${tool}`];
  const hint = document.querySelector("[data-edit=hint]");
  if (hint.textContent !== text) hint.textContent = text;
  hint.classList.toggle("is-needed", Boolean(needs && tool === "choose"));
}

// The sheet of keys is made from what was registered, so it never tells of a key that does nothing.
function openHelp(room) {
  const sheet = document.getElementById("keys-sheet");
  const list = sheet.querySelector("[data-keys]");
  const names = JSON.parse(list.dataset.keys);
  const nameOf = (name) => names[name] ?? (name.length === 1 ? name.toUpperCase() : name);
  list.replaceChildren(
    ...room.keys.rows.map(({ names: pressed, label }) => {
      const row = document.createElement("div");
      const keys = document.createElement("dt");
      for (const each of pressed) {
        const kbd = document.createElement("kbd");
        kbd.textContent = (each.length === 1 ? [each] : each.split("+")).map(nameOf).join(" ");
        keys.append(kbd, " ");
      }
      const words = document.createElement("dd");
      words.textContent = label;
      row.append(keys, words);
      return row;
    }),
  );
  if (!sheet.open) sheet.showModal();
}
