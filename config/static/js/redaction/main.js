// Starts the editor of a redaction: the picture is the viewing room's own, with one camera.

import { RoomWords } from "../console/clock.js";
import { Room } from "../console/room.js";
import { mountStage } from "../console/stage.js";
import { mountBar } from "./bar.js";
import { mountCovers } from "./covers.js";
import { Editor } from "./editor.js";
import { mountHands } from "./hands.js";
import { mountKeys } from "./keys.js";
import { mountPicture } from "./picture.js";
import { mountPreview } from "./preview.js";
import { mountRows } from "./rows.js";
import { mountScene } from "./scene.js";
import { mountSheets } from "./sheets.js";
import { mountSide } from "./side.js";
import { mountTransport } from "./transport.js";
import { mountWork } from "./work.js";

const facts = JSON.parse(document.getElementById("room-facts").textContent);
const links = JSON.parse(document.getElementById("edit-links").textContent);
const texts = {};
for (const template of document.querySelectorAll("template[data-texts]"))
  for (const each of template.content.querySelectorAll("[data-text]")) texts[each.dataset.text] = each.textContent;

const language = document.documentElement.lang || "en";
const words = new RoomWords(facts.zone, { language, names: facts.zoneNames, texts });
const room = new Room(facts, texts);
const editor = new Editor(room, words, links);

// The editor's own keys come first: the room's stage asks for some of the same.
const before = [mountKeys, mountTransport, mountBar, mountSide, mountScene, mountCovers, mountRows, mountSheets, mountWork];
const after = [mountPicture, mountHands, mountPreview];
const mount = (part) => {
  try {
    part(editor);
  } catch (error) {
    // One part that fails must not take the picture with it.
    reportError(error);
  }
};

before.forEach(mount);
mountStage(room, words, { play: false });
after.forEach(mount);
editor.open();
