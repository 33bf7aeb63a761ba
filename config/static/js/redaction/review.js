// The review's player: the result's parts on recorded time, and the doubtful moments that are stepped through.

import { readPlaylist } from "../console/parts.js";
import { Feed } from "../console/source.js";

const facts = JSON.parse(document.getElementById("review-facts").textContent);
const texts = document.getElementById("review-texts").dataset;
const video = document.querySelector(".review__video");
const part = (name) => document.querySelector(`[data-review="${name}"]`);
const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
const AHEAD_MS = 20_000;
const BEFORE_MS = 1500; // a doubt is looked at from a moment before it
const doubts = [...document.querySelectorAll(".doubt")];
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: facts.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

const feed = new Feed(video, { origin: facts.starts, ends: facts.ends });
const inits = new Map();
const asked = new Set();
let parts = [];
let chosen = -1;
let awaited = null;

for (const row of doubts) row.querySelector(".num").textContent = clock.format(Number(row.dataset.at));

const moment = () => feed.moment(video.currentTime);
const say = (text) => { part("says").textContent = text; };

async function fetched(url, kind) {
  const answer = await fetch(url, { headers: { Accept: kind === "text" ? "application/json, */*" : "*/*" } });
  if (answer.ok) return kind === "text" ? answer.text() : answer.arrayBuffer();
  const told = await answer.json().catch(() => null);
  throw new Error(told?.error?.message ?? told?.message ?? String(answer.status));
}

async function load(each) {
  if (asked.has(each.key)) return;
  asked.add(each.key);
  try {
    if (!inits.has(each.init)) inits.set(each.init, { id: each.init, data: await fetched(each.init, "bytes") });
    await feed.put(each, await fetched(each.url, "bytes"), inits.get(each.init), true);
    say("");
  } catch (error) {
    asked.delete(each.key);
    say(`${texts.gone} ${error.message}`);
  }
}

function keepFed() {
  const now = moment();
  const wanted = parts.filter((each) => each.ends > now && each.starts < now + AHEAD_MS);
  for (const each of wanted) if (!feed.holds(each.key)) { if (!loading(each)) load(each); }
}
const loading = (each) => asked.has(each.key) && !feed.loaded.has(each.key);

function seek(ms) {
  video.currentTime = feed.place(Math.max(facts.starts, Math.min(ms, facts.ends - 1)));
  keepFed();
}

/** Times of all frames that are in, in order. */
const frames = () => [...feed.loaded.values()].flatMap((each) => each.times).sort((a, b) => a - b);

function step(direction) {
  video.pause();
  const now = moment();
  const times = frames();
  const next = direction > 0 ? times.find((at) => at > now + 1) : times.findLast((at) => at < now - 20);
  if (next !== undefined) video.currentTime = feed.place(next) + 0.001;
}

function toggle() {
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

function lookAt(place) {
  if (!doubts.length) return;
  chosen = (place + doubts.length) % doubts.length;
  const row = doubts[chosen];
  for (const each of doubts) {
    if (each === row) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
  row.scrollIntoView({ block: "nearest" });
  awaited = row;
  seek(Number(row.dataset.at) - BEFORE_MS);
  video.play().catch(() => {});
}

/** A moment counts as looked at once its pictures are on the screen. */
async function note() {
  const row = awaited;
  if (!row || video.seeking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
  awaited = null;
  try {
    const answer = await fetch(facts.moments, {
      method: "POST", body: JSON.stringify({ keys: [row.dataset.key] }),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    noted(row, (await answer.json()).left);
  } catch {
    say(texts.unreachable);
  }
}

function noted(row, left) {
  row.classList.add("doubt--done");
  row.querySelector("[data-when=open]").hidden = true;
  row.querySelector("[data-when=seen]").hidden = false;
  part("left").textContent = left;
  part("left-says").hidden = left === 0;
  if (left === 0) part("approve").removeAttribute("aria-disabled");
}

const acts = {
  play: toggle, next: () => lookAt(chosen + 1), previous: () => lookAt(chosen < 0 ? -1 : chosen - 1),
  "frame-on": () => step(1), "frame-back": () => step(-1),
};
const keys = { " ": "play", k: "play", n: "next", p: "previous", ".": "frame-on", ",": "frame-back" };

document.addEventListener("click", (event) => {
  const name = event.target.closest("[data-act]")?.dataset.act;
  if (acts[name]) acts[name]();
  const row = event.target.closest(".doubt");
  if (row) lookAt(doubts.indexOf(row));
  if (event.target.closest("[aria-disabled=true]")) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=range]), textarea, select")) return;
  const onButton = event.target.closest("button, a, summary") && (event.key === " " || event.key === "Enter");
  const name = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name || onButton) return;
  event.preventDefault();
  acts[name]();
});
for (const name of ["seeked", "loadeddata", "canplay"]) video.addEventListener(name, note);
video.addEventListener("timeupdate", () => {
  note();
  part("now").textContent = clock.format(moment());
  part("along").value = Math.round((1000 * (moment() - facts.starts)) / (facts.ends - facts.starts));
  keepFed();
});
for (const name of ["play", "pause"])
  video.addEventListener(name, () => {
    const button = document.querySelector("[data-act=play]");
    button.querySelector("[data-when=paused]").hidden = !video.paused;
    button.querySelector("[data-when=playing]").hidden = video.paused;
    button.title = video.paused ? button.dataset.play : button.dataset.pause;
    button.setAttribute("aria-label", button.title);
  });
video.addEventListener("click", toggle);
part("along").addEventListener("input", (event) =>
  seek(facts.starts + (event.target.value / 1000) * (facts.ends - facts.starts)));

try {
  parts = readPlaylist(await fetched(facts.playlist, "text"), new URL(facts.playlist, location.href).href).parts;
  say("");
  seek(parts[0]?.starts ?? facts.starts);
} catch (error) {
  say(`${texts.gone} ${error.message}`);
}
