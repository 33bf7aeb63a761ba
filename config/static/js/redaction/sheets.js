// The sheets of the editor: join two tracks, give a stretch to another track, send to review.

import { fill } from "../console/timeline/words.js";
import { orderOf } from "./side.js";

const sheetOf = (name) => document.getElementById(`${name}-sheet`);

const refuse = (sheet, text) => {
  const refused = sheet.querySelector("[data-refused]");
  refused.textContent = text;
  refused.hidden = !text;
};

/** Open a sheet and do `done()` when it is confirmed; `done` gives false where nothing came of it. */
function ask(name, done) {
  const sheet = sheetOf(name);
  refuse(sheet, "");
  const form = sheet.querySelector("form");
  form.onsubmit = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (form.hasAttribute("aria-busy")) return;
    form.setAttribute("aria-busy", "true");
    try {
      await done(form);
      sheet.close();
    } catch (refusal) {
      refuse(sheet, refusal.message);
    } finally {
      form.removeAttribute("aria-busy");
    }
  };
  sheet.showModal();
  sheet.querySelector("input:checked, [autofocus], .btn--primary")?.focus();
}

// A radio button for each other track, those in the picture first.
function fillTracks(editor, name, except) {
  const { facts, frame, words, texts } = editor;
  const list = sheetOf(name).querySelector("[data-tracks]");
  const template = document.getElementById("track-choice");
  const near = (track) => (track.boxAt(frame) ? 0 : Math.min(Math.abs(track.first - frame), Math.abs(track.last - frame)) + 1);
  const others = orderOf(facts).filter((track) => track.number !== except).sort((a, b) => near(a) - near(b));
  list.replaceChildren(
    ...others.map((track, place) => {
      const row = template.content.firstElementChild.cloneNode(true);
      const radio = row.querySelector("input");
      radio.value = track.number;
      radio.checked = place === 0;
      row.querySelector("[data-part=number]").textContent = track.number;
      row.querySelector("[data-part=name]").textContent = editor.nameOf(track);
      const span = words.clocks(facts.momentOf(track.first), facts.momentOf(track.last) + 1);
      row.querySelector("[data-part=span]").textContent = track.boxAt(frame) ? fill(texts.inPicture, { span }) : span;
      return row;
    }),
  );
  return others.length > 0;
}

function ready(editor) {
  if (!editor.chosenTrack) editor.say("chooseFirst", "warn");
  else if (!editor.mayEdit) editor.say(editor.facts.work ? "notWhileWorking" : "notNow2", "warn");
  else return editor.chosenTrack;
  return null;
}

function split(editor) {
  const track = ready(editor);
  if (!track) return;
  if (editor.frame <= track.first || editor.frame > track.last) return editor.say("splitNowhere", "warn");
  editor.edit("split", { track: track.number, frame: editor.frame }).then((done) => done && editor.say("splitDone"));
}

function merge(editor) {
  const track = ready(editor);
  if (!track) return;
  editor.room.pause();
  if (!fillTracks(editor, "merge", track.number)) return editor.say("noOther", "warn");
  sheetOf("merge").querySelector("h2").textContent = fill(editor.texts.mergeWhich, { number: track.number });
  ask("merge", async (form) => {
    const into = Number(new FormData(form).get("track"));
    if (await editor.edit("merge", { into, track: track.number })) editor.choose({ kind: "track", id: into });
  });
}

function assign(editor) {
  const track = ready(editor);
  if (!track) return;
  const { facts, words, texts } = editor;
  editor.room.pause();
  if (!fillTracks(editor, "assign", track.number)) return editor.say("noOther", "warn");
  const { first, last } = editor.stretch ?? { first: editor.frame, last: track.last };
  const span = words.clocks(facts.momentOf(first), facts.momentOf(last) + 1);
  const text = fill(editor.stretch ? texts.assignStretch : texts.assignRest, { number: track.number, span });
  sheetOf("assign").querySelector("[data-sheet=what]").textContent = text;
  ask("assign", async (form) => {
    const to = Number(new FormData(form).get("track"));
    await editor.edit("assign", { track: track.number, first, last, to });
  });
}

/** Ask whether a mask becomes one of the camera's: its results have to be rendered anew. */
export function keepMask(editor, mask) {
  if (!mask || !editor.mayEdit) return;
  editor.room.pause();
  ask("keep", () => editor.keepMask(mask.id));
}

function send(editor) {
  const { facts, texts, room } = editor;
  if (!facts || room.closed) return;
  if (!editor.mayEdit) return editor.say(facts.work ? "notWhileWorking" : "notNow2", "warn");
  room.pause();
  const left = facts.doubtsLeft;
  const sheet = sheetOf("send");
  const says = !facts.subject && facts.mode === "reveal" && facts.subjectKind !== "nobody" ? texts.sendNobody : left ? fill(left === 1 ? texts.sendDoubt : texts.sendDoubts, { left }) : texts.sendClear;
  sheet.querySelector("[data-sheet=what]").textContent = says;
  sheet.querySelector("[data-act=send-doubt]").hidden = !left;
  ask("send", async () => {
    await editor.submit();
    editor.say("sent");
  });
}

export function mountSheets(editor) {
  const { room } = editor;
  for (const [name, act] of Object.entries({ split, merge, assign, send })) room.onAct(name, () => act(editor));
  room.onAct("send-doubt", () => {
    sheetOf("send").close();
    editor.nextDoubt(1);
  });
  const draw = () => {
    const button = document.querySelector("[data-edit=send]");
    const left = editor.facts?.doubtsLeft ?? 0;
    button.disabled = !editor.mayEdit;
    button.title = left ? fill(left === 1 ? editor.texts.sendLeft_one : editor.texts.sendLeft, { left }) : "";
  };
  for (const name of ["facts", "state"]) editor.addEventListener(name, draw);
}
