// Starts the room of a viewing: the state, then everything that shows it or changes it.

import { RoomWords } from "./clock.js";
import { Room } from "./room.js";
import { mountStage } from "./stage.js";
import { mountThumbs } from "./thumbs.js";
import { mountTransport } from "./transport.js";

const facts = JSON.parse(document.getElementById("room-facts").textContent);
const texts = {};
for (const template of document.querySelectorAll("template[data-texts]"))
  for (const each of template.content.querySelectorAll("[data-text]")) texts[each.dataset.text] = each.textContent;

const room = new Room(facts, texts);
const language = document.documentElement.lang || "en";
const words = new RoomWords(facts.zone, { language, names: facts.zoneNames, texts });
mountTransport(room, words);

// The parts of the room that have files of their own; a part that fails must not take the player with it.
const parts = [
  ["./room_timeline.js", "mountRoomTimeline"], ["./session.js", "mountSession"], ["./find.js", "mountFind"], ["./marks.js", "mountMarks"],
];
for (const [file, mount] of parts) {
  try {
    (await import(file))[mount](room, words);
  } catch (error) {
    console.error(file, error);
  }
}

mountThumbs(room, words);
mountStage(room, words);
