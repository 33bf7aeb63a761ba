// Starts the room of a viewing: the state, then everything that shows it or changes it.

import { RoomWords } from "./clock.js";
import { mountFind } from "./find.js";
import { mountMarks } from "./marks.js";
import { mountRedact } from "./redact.js";
import { Room } from "./room.js";
import { mountRoomTimeline } from "./room_timeline.js";
import { mountSession } from "./session.js";
import { mountStage } from "./stage.js";
import { mountThumbs } from "./thumbs.js";
import { mountTransport } from "./transport.js";

const facts = JSON.parse(document.getElementById("room-facts").textContent);
const texts = {};
for (const template of document.querySelectorAll("template[data-texts]"))
  for (const each of template.content.querySelectorAll("[data-text]")) texts[each.dataset.text] = each.textContent;

const language = document.documentElement.lang || "en";
const words = new RoomWords(facts.zone, { language, names: facts.zoneNames, texts });
const room = new Room(facts, texts);

// The stage comes last: it shows the first moment, which the others then hear of.
const parts = [mountTransport, mountRoomTimeline, mountSession, mountFind, mountMarks, mountRedact, mountThumbs, mountStage];
for (const mount of parts) {
  try {
    mount(room, words);
  } catch (error) {
    // One part that fails must not take the pictures with it.
    reportError(error);
  }
}
