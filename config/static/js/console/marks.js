// What a viewer keeps: stills, bookmarks with their undo, and who looked at this camera lately.

import { dockOf, panelFacts, rowOf } from "./dock.js";
import { refuse, send } from "./session.js";

const UNDO_MS = 10_000;

/** Connect the sheets for stills and bookmarks, and the panels that list what there is. */
export function mountMarks(room, words) {
  const facts = panelFacts();
  mountStills(room, words, facts);
  mountBookmarks(room, words, facts);
  mountLooks(room, facts);
}

// ---------- stills ----------

function mountStills(room, words, facts) {
  const sheet = document.getElementById("still-sheet");
  const form = sheet.querySelector("form");
  let taken = null;

  const take = () => {
    const camera = room.cameras.get(room.chosen);
    if (room.closed || sheet.open) return;
    room.pause();
    if (!camera || camera.empty || room.moment === null) return room.say(room.texts.noPicture, { tone: "warn" });
    taken = { camera, at: room.moment };
    sheet.more = { at: room.stamp(taken.at) };
    sheet.querySelector('[data-sheet="what"]').textContent = room.texts.pictureAt
      .replace("{camera}", camera.name)
      .replace("{time}", `${words.full(taken.at)}${words.fraction(taken.at)}`);
    refuse(sheet, "");
    sheet.showModal();
    form.elements.reason.focus();
    form.elements.reason.select();
  };
  room.onKey("c", take, room.texts.keyStill);
  room.onAct("still", take);

  // Enter keeps, Shift+Enter hands out: the form's default button is the first one in it.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.target.matches("button")) return;
    event.preventDefault();
    const button = form.querySelector(event.shiftKey ? '[value="out"]' : ".btn--primary");
    form.requestSubmit(button);
  });
  form.addEventListener("submit", (event) => {
    const keep = event.submitter?.value === "keep";
    const { camera, at } = taken;
    const url = keep ? facts.cameras[camera.code].keep : camera.still;
    send(event, room, sheet, url, async (answer) => {
      if (!keep) return save(answer, room);
      const told = await answer.json();
      room.say(told.said);
      room.stills = [...(room.stills ?? []), { camera: camera.code, at, to: at + 1, kind: "still", label: told.said }];
      room.dispatchEvent(new CustomEvent("marks"));
    });
  });
}

async function save(answer, room) {
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "still.jpg";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  // The browser has begun to read it by then; a clear picture is not kept in memory any longer.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  room.say(room.texts.handedOut);
}

// ---------- bookmarks ----------

function mountBookmarks(room, words, facts) {
  const sheet = document.getElementById("bookmark-sheet");
  const form = sheet.querySelector("form");
  const part = (name) => document.querySelector(`[data-marks="${name}"]`);
  let rows = [];
  let url = "";

  const whatOf = (name, from, to) =>
    to - from > 1
      ? room.texts.stretchAt.replace("{camera}", name).replace("{from}", words.full(from)).replace("{to}", words.when(to, from))
      : room.texts.pictureAt.replace("{camera}", name).replace("{time}", words.full(from));

  const ask = (address, { camera, from, to, note, kase, more }) => {
    url = address;
    sheet.more = more;
    sheet.querySelector('[data-sheet="what"]').textContent = whatOf(camera.name, from, to);
    form.elements.note.value = note;
    form.elements.case.value = kase;
    refuse(sheet, "");
    sheet.showModal();
    form.elements.note.focus();
  };
  const make = () => {
    const camera = room.cameras.get(room.chosen);
    if (room.closed || sheet.open) return;
    room.pause();
    if (!camera || room.moment === null) return room.say(room.texts.noPicture, { tone: "warn" });
    const from = Math.round(room.loop ? room.loop.from : room.moment);
    const to = room.loop ? Math.round(room.loop.to) : from;
    const more = { camera: camera.code, starts_at: String(from), ...(room.loop && { ends_at: String(to) }) };
    ask(facts.bookmarks, { camera, from, to, note: "", kase: document.querySelector('[data-bar="case"]').textContent, more });
  };
  room.onKey("b", make, room.texts.keyBookmark);
  room.onAct("bookmark", make);
  form.addEventListener("submit", (event) =>
    send(event, room, sheet, url, async (answer) => {
      const told = await answer.json();
      if (told.said) room.say(told.said);
      await load();
    }),
  );

  async function load() {
    try {
      rows = (await (await room.ask(facts.bookmarks)).json()).bookmarks;
      part("state").textContent = rows.length ? "" : room.texts.marksNone;
    } catch (refusal) {
      part("state").textContent = refusal.message;
    }
    draw();
  }

  function draw() {
    part("list").replaceChildren(...rows.map(rowFor));
    const marks = rows.map((row) => ({ camera: row.camera, at: row.from, to: row.to, kind: "bookmark", label: row.note }));
    room.bookmarks = marks;
    room.dispatchEvent(new CustomEvent("marks"));
  }

  function rowFor(row) {
    const { element, parts } = rowOf("bookmark-row");
    const camera = room.cameras.get(row.camera);
    parts.time.textContent = words.when(row.from, room.span.starts);
    parts.camera.textContent = camera?.name ?? row.camera;
    parts.note.textContent = row.note;
    parts.by.textContent = [row.by, row.case].filter(Boolean).join(" · ");
    parts.go.addEventListener("click", () => {
      room.choose(row.camera);
      room.seek(row.from);
    });
    parts.change.hidden = !row.change;
    parts.change.addEventListener("click", () =>
      ask(row.change, { camera, from: row.from, to: row.to, note: row.note, kase: row.case, more: {} }),
    );
    parts.remove.hidden = !row.remove;
    parts.remove.addEventListener("click", () => remove(row));
    return element;
  }

  async function remove(row) {
    try {
      const { undo } = await (await room.ask(row.remove, { form: {} })).json();
      rows = rows.filter((each) => each.id !== row.id);
      draw();
      offer(undo, row);
    } catch (refusal) {
      room.say(refusal.message, { tone: "bad" });
    }
  }

  function offer(undo, row) {
    const toast = document.getElementById("undo-toast").content.firstElementChild.cloneNode(true);
    const button = toast.querySelector("button");
    document.querySelector(".room__flash").append(toast);
    button.focus();
    const leave = () => {
      const had = toast.contains(document.activeElement);
      toast.remove();
      if (had) focusOn(null);
    };
    const over = setTimeout(leave, UNDO_MS);
    button.addEventListener("click", async () => {
      clearTimeout(over);
      toast.remove();
      try {
        await room.ask(facts.restore, { form: { undo } });
        room.say(room.texts.putBack);
      } catch (refusal) {
        room.say(refusal.message, { tone: "bad" });
      }
      await load();
      focusOn(row);
    });
  }

  // Whoever works with keys goes on where they were: at the bookmark, or at the panel that held it.
  function focusOn(row) {
    const place = row ? rows.findIndex((each) => each.from === row.from && each.note === row.note) : -1;
    const button = part("list").children[place]?.querySelector("button");
    const panel = document.getElementById("panel-marks");
    (button ?? (panel.hidden ? document.getElementById("tab-marks") : panel)).focus();
  }

  room.addEventListener("marks", () => {
    const found = [...room.found].flatMap(([camera, each]) =>
      each.map(({ from, to }) => ({ camera, at: from, to, kind: "motion", label: room.texts.found })),
    );
    room.timeline?.setMarks([...(room.bookmarks ?? []), ...(room.stills ?? []), ...found]);
  });
  load();
}

// ---------- who looked lately ----------

function mountLooks(room, facts) {
  const dock = dockOf(room);
  const part = (name) => document.querySelector(`[data-looks="${name}"]`);
  let asked = "";

  async function load() {
    const camera = room.cameras.get(room.chosen);
    if (!camera || asked === camera.code) return;
    asked = camera.code;
    part("list").replaceChildren();
    part("state").textContent = room.texts.loading;
    try {
      const told = await (await room.ask(facts.cameras[camera.code].recent)).json();
      const said = told.viewings.length ? (told.everybody ? room.texts.looksAll : room.texts.looksOwn) : room.texts.looksNone;
      part("state").textContent = said.replace("{camera}", camera.name);
      part("list").replaceChildren(...told.viewings.map(rowFor));
    } catch (refusal) {
      asked = "";
      part("state").textContent = refusal.message;
    }
  }

  function rowFor(row) {
    const { element, parts } = rowOf("look-row");
    parts.when.textContent = row.when;
    parts.text.textContent = row.text;
    return element;
  }

  // That somebody asked may be an entry of the log: only while the panel is open, once for each camera.
  dock.on((name) => {
    asked = "";
    if (name === "looks") load();
  });
  room.addEventListener("state", () => {
    if (dock.current === "looks") load();
  });
}
