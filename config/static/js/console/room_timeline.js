// The timeline in the room: it follows the room's clock, and a press on it is a search.

import { mountTimeline } from "./timeline.js";
import { textsOf } from "./timeline/words.js";

const FACTOR = 1.6;
const SHORTEST = 200; // ms of a loop

export function mountRoomTimeline(room) {
  const { facts } = room;
  const line = mountTimeline(document.getElementById("timeline"), {
    url: facts.urls.timeline,
    zone: facts.zone,
    zoneNames: facts.zoneNames,
    starts: facts.starts,
    ends: facts.ends,
    now: facts.now,
    cameras: facts.cameras.map(({ code, name }) => ({ code, name })),
    session: { starts: facts.starts, ends: facts.ends },
    withMotion: true,
    moment: () => room.moment,
    onSeek: (code, ms) => seek(room, code, ms),
    onSelect: (_code, from, to) => loop(room, from, to),
    texts: textsOf(document.getElementById("timeline-texts")),
  });
  room.timeline = line;
  const zoom = (factor) => () => {
    const { from, to } = line.view();
    line.zoom((to - from) * factor);
  };
  room.onKey(["+", "="], zoom(1 / FACTOR), room.texts.keyCloser);
  room.onKey("-", zoom(FACTOR), room.texts.keyFarther);
  const draw = () => {
    line.setShown({ chosen: room.chosen, shown: [...room.cameras.keys()] });
    line.setBand(room.loop);
  };
  room.addEventListener("moment", () => line.draw());
  room.addEventListener("state", draw);
  line.on("view", (view) => {
    room.view = view;
    room.dispatchEvent(new CustomEvent("view", { detail: view }));
  });
  room.view = line.view();
}

// A stretch that is dragged over (with Shift) is played again and again.
function loop(room, from, to) {
  const { starts, ends } = room.span;
  const part = { from: Math.max(from, starts), to: Math.min(to, ends) };
  room.timeline.setPick(null);
  if (part.to - part.from < SHORTEST) return room.say(room.texts.outside, { tone: "warn" });
  room.setLoop(part);
  room.seek(part.from);
  const { words } = room.timeline;
  room.say(room.texts.loopSet.replace("{from}", words.second(part.from)).replace("{to}", words.second(part.to)));
}

function seek(room, code, ms) {
  const { starts, ends } = room.span;
  // Its very end is asked for with the key End: the last picture is meant.
  if (ms < starts || ms > ends) return room.say(room.texts.outside, { tone: "warn" });
  if (code) room.choose(code);
  room.seek(ms);
}
