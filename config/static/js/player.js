// The player of a viewing: HLS parts of one camera at a time, a clock, a timeline, small pictures.
// The session's playlist has a continuous media timeline; each fragment carries the time it was
// recorded, so positions are translated through the fragments, never computed.

const Hls = window.Hls;
const facts = JSON.parse(document.getElementById("player-facts").textContent);
const texts = Object.fromEntries(
  [...document.getElementById("texts").content.querySelectorAll("[data-text]")].map((e) => [e.dataset.text, e.textContent]),
);
const video = document.getElementById("video");
const state = document.getElementById("tile-state");
const note = document.getElementById("tile-note");
const now = document.getElementById("now");
const tileClock = document.getElementById("tile-clock");
const thumbs = document.getElementById("thumbs");
const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
const FRAME_S = 0.04;
const THUMBS = 12;

const lang = document.documentElement.lang || "en";
const language = lang === "en" ? "en-GB" : lang;
const dateText = new Intl.DateTimeFormat(language, {
  timeZone: facts.zone, weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const clockText = new Intl.DateTimeFormat(language, {
  timeZone: facts.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

// The browser says whether it plays HEVC; the server converts what it does not.
const playsHevc = Boolean(window.MediaSource?.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.90"'));

let hls = null;
let camera = null;
let fragments = [];
let wanted = null;
let closed = false;

function say(text) {
  state.textContent = text ?? "";
  state.hidden = !text;
}

const recordedAt = (position) => {
  const fragment =
    fragments.find((f) => position >= f.start && position < f.start + f.duration) ?? fragments[fragments.length - 1];
  return fragment ? fragment.programDateTime + Math.min(position - fragment.start, fragment.duration) * 1000 : null;
};

const positionOf = (moment) => {
  for (const f of fragments) {
    if (moment < f.programDateTime) return f.start;
    if (moment < f.programDateTime + f.duration * 1000) return f.start + (moment - f.programDateTime) / 1000;
  }
  const last = fragments[fragments.length - 1];
  return last ? last.start + last.duration - FRAME_S : 0;
};

function stop(text) {
  hls?.destroy();
  hls = null;
  fragments = [];
  video.removeAttribute("src");
  video.load();
  thumbs.replaceChildren();
  say(text);
}

function ended() {
  closed = true;
  stop(texts.closed);
}

const problemOf = async (answer) => (await answer.json().catch(() => ({}))).error ?? {};
const sentence = (problem) => [problem.message, problem.hint].filter(Boolean).join(" ");

async function reasonOf(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer) return "";
  const problem = await problemOf(answer);
  if (problem.code === "viewing_closed" || problem.code === "hold_ended") ended();
  return sentence(problem);
}

function choose(code, moment) {
  camera = facts.cameras.find((each) => each.code === code);
  for (const button of document.querySelectorAll("[data-camera]"))
    button.setAttribute("aria-pressed", String(button.dataset.camera === code));
  for (const row of document.querySelectorAll("[data-row]"))
    row.classList.toggle("is-chosen", row.dataset.row === code);
  document.getElementById("tile-name").textContent = camera.name;
  note.hidden = true;
  stop(camera.empty ? texts.empty : texts.loading);
  if (camera.empty || closed) return;
  wanted = moment ?? null;
  start(`${camera.playlist}${playsHevc ? "?hevc=1" : ""}`);
}

function start(url) {
  hls = new Hls({
    workerPath: document.getElementById("hls-script").dataset.worker,
    maxBufferLength: 10, // read-ahead: what is sent is logged, so no more than needed
    maxMaxBufferLength: 10,
    backBufferLength: 30,
    startPosition: -1,
    manifestLoadingMaxRetry: 1,
    fragLoadingMaxRetry: 2,
  });
  hls.on(Hls.Events.LEVEL_LOADED, (_event, data) => {
    fragments = data.details.fragments;
    if (wanted !== null) video.currentTime = positionOf(wanted);
    showThumbs();
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => {
    if (wanted === null) return;
    video.currentTime = positionOf(wanted);
    wanted = null;
  });
  hls.on(Hls.Events.FRAG_CHANGED, (_event, data) => {
    const codec = new URL(data.frag.url, location.href).searchParams.get("from");
    note.hidden = !codec;
    if (codec) note.textContent = texts.transcoded.replace("{codec}", codec.toUpperCase());
  });
  hls.on(Hls.Events.ERROR, async (_event, data) => {
    if (!data.fatal) return;
    const failed = data.frag?.url ?? data.url ?? url;
    const reason = await reasonOf(failed);
    if (!closed) stop(texts.failed.replace("{reason}", reason));
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.play().catch(() => {});
}

// New segments get their small picture by a job, so one that is missing may come a little later.
function loadThumb(image, url, attempt = 0) {
  image.addEventListener("load", () => image.classList.remove("is-waiting"), { once: true });
  image.addEventListener("error", () => {
    if (!closed && attempt < 5) setTimeout(() => loadThumb(image, url, attempt + 1), 4000 + 4000 * attempt);
  }, { once: true });
  image.src = attempt ? `${url}?again=${attempt}` : url;
}

// Every small picture is a viewing too: the server logs them before it sends them.
function showThumbs() {
  const segments = [...new Map(fragments.map((f) => [segmentOf(f), f])).entries()];
  const step = Math.max(1, Math.ceil(segments.length / THUMBS));
  thumbs.replaceChildren(
    ...segments
      .filter((_each, index) => index % step === 0)
      .map(([segment, fragment]) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "thumb";
        const image = document.createElement("img");
        image.width = 128;
        image.height = 72;
        image.className = "is-waiting";
        image.alt = "";
        loadThumb(image, new URL(`${segment}/thumb.jpg`, new URL(camera.playlist, location.href)));
        const label = document.createElement("span");
        label.textContent = clockText.format(fragment.programDateTime);
        button.append(image, label);
        button.addEventListener("click", () => seek(fragment.programDateTime));
        return button;
      }),
  );
}

const segmentOf = (fragment) => new URL(fragment.url, location.href).pathname.split("/").at(-2);

function seek(moment) {
  if (!fragments.length) return;
  video.currentTime = positionOf(moment);
}

function saveStill() {
  const moment = recordedAt(video.currentTime);
  if (moment === null || closed) return;
  const form = new FormData();
  form.set("at", new Date(moment).toISOString());
  form.set("csrfmiddlewaretoken", csrf());
  fetch(camera.still, { method: "POST", body: form, headers: { Accept: "application/json" } }).then(async (answer) => {
    if (!answer.ok) {
      say(texts.failed.replace("{reason}", sentence(await problemOf(answer))));
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `${camera.code}-${new Date(moment).toISOString().replaceAll(":", "")}.jpg`;
    link.click();
    URL.revokeObjectURL(link.href);
    note.textContent = texts.stilled;
    note.hidden = false;
  });
}

const actions = {
  play: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
  back: () => (video.currentTime = Math.max(0, video.currentTime - 10)),
  on: () => (video.currentTime = Math.min(video.duration || 0, video.currentTime + 10)),
  "frame-back": () => (video.pause(), (video.currentTime = Math.max(0, video.currentTime - FRAME_S))),
  "frame-on": () => (video.pause(), (video.currentTime += FRAME_S)),
  speed: () => {
    video.playbackRate = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
    document.getElementById("speed").textContent = `${video.playbackRate}×`;
  },
  still: saveStill,
  full: () => (document.fullscreenElement ? document.exitFullscreen() : document.getElementById("tile").requestFullscreen()),
};
const KEYS = { " ": "play", k: "play", j: "back", l: "on", ",": "frame-back", ".": "frame-on", s: "speed", f: "full" };

document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]");
  if (act) actions[act.dataset.act]();
  const other = event.target.closest("[data-camera]");
  if (other) choose(other.dataset.camera, recordedAt(video.currentTime));
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === " " && event.target.closest("button, a")) return;
  const slider = event.target.closest(".strip--seek");
  if (slider && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    event.preventDefault();
    return seek((recordedAt(video.currentTime) ?? facts.starts) + (event.key === "ArrowRight" ? 10000 : -10000));
  }
  const number = Number(event.key);
  if (number >= 1 && number <= facts.cameras.length)
    return choose(facts.cameras[number - 1].code, recordedAt(video.currentTime));
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  actions[act]();
});

for (const row of document.querySelectorAll("[data-row] .strip--seek")) {
  row.addEventListener("click", (event) => {
    const box = row.getBoundingClientRect();
    const moment = facts.starts + ((event.clientX - box.left) / box.width) * (facts.ends - facts.starts);
    const code = row.closest("[data-row]").dataset.row;
    if (code === camera?.code) seek(moment);
    else choose(code, moment);
  });
}

function draw() {
  const moment = fragments.length ? recordedAt(video.currentTime) : null;
  now.textContent = moment === null ? "–" : `${dateText.format(moment)} ${facts.zone_name}`;
  tileClock.textContent = moment === null ? "" : clockText.format(moment);
  const share = moment === null ? 0 : ((moment - facts.starts) / (facts.ends - facts.starts)) * 100;
  for (const head of document.querySelectorAll(".playhead")) {
    head.setAttribute("visibility", moment === null ? "hidden" : "visible");
    head.setAttribute("x1", `${share}%`);
    head.setAttribute("x2", `${share}%`);
  }
  const slider = document.querySelector(`[data-row="${camera?.code}"] .strip--seek`);
  slider?.setAttribute("aria-valuenow", String(Math.round(share)));
  if (moment !== null) slider?.setAttribute("aria-valuetext", dateText.format(moment));
}

const showPlaying = () => {
  for (const each of document.querySelectorAll("[data-when]"))
    each.hidden = each.dataset.when !== (video.paused ? "paused" : "playing");
};
for (const name of ["play", "pause", "ended"]) video.addEventListener(name, showPlaying);
for (const name of ["timeupdate", "seeking", "seeked"]) video.addEventListener(name, draw);
video.addEventListener("loadeddata", () => say(""));
video.addEventListener("playing", () => say(""));
video.addEventListener("contextmenu", (event) => event.preventDefault());

// The session's clock, and the sign of life that keeps it open while somebody is here.
const clock = document.querySelector("[data-left]");
let left = Number(clock.dataset.left);
const minutes = clock.querySelector("[data-left-text]");
setInterval(() => {
  left -= 1;
  if (left <= 0 && !closed) ended();
  minutes.textContent = minutes.dataset.template.replace("{min}", String(Math.max(0, Math.ceil(left / 60))));
}, 1000);
setInterval(async () => {
  if (closed || document.hidden) return;
  const answer = await fetch(facts.alive, {
    method: "POST", headers: { "X-CSRFToken": csrf(), Accept: "application/json" },
  }).catch(() => null);
  if (answer?.status === 403 || answer?.status === 410) ended();
  else if (answer?.ok) left = (await answer.json()).seconds_left;
}, 60000);

const first = facts.cameras.find((each) => !each.empty) ?? facts.cameras[0];
choose(first.code, null);
