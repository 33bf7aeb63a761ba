// The page: what was chosen is checked here and sent nowhere.
const OWN = {
  heading: ["Check a package of footage", "영상 묶음 확인", "映像パッケージの確認"],
  lead: [
    "Everything is calculated in this browser. No network is needed, and nothing is sent.",
    "모든 계산은 이 브라우저 안에서 합니다. 네트워크가 필요 없고, 아무것도 전송하지 않습니다.",
    "計算はすべてこのブラウザーの中で行います。ネットワークは不要で、何も送信しません。",
  ],
  zip: ["Choose the ZIP", "ZIP 파일 선택", "ZIP を選ぶ"],
  zipHelp: [
    "As you received it. Two of the same number may be chosen: the older one is named.",
    "받은 그대로의 파일입니다. 같은 번호의 묶음 두 개를 함께 고르면 이전 것을 알려 줍니다.",
    "受け取ったままのファイルです。同じ番号のパッケージを二つ選ぶと、古い方を示します。",
  ],
  folder: ["Choose the folder", "폴더 선택", "フォルダーを選ぶ"],
  folderHelp: ["That you unpacked it to.", "ZIP의 압축을 푼 폴더입니다.", "ZIP を展開したフォルダーです。"],
  key: ["Key of the organisation's log", "해당 기관 기록부의 키", "組織の記録簿の鍵"],
  keyHelp: [
    "One line, or a checkpoint that you kept. Get it by another way than the package: the organisation's website, its"
      + " letter, the telephone. Without it, a forged package looks the same. Keys of witnesses may stand below it.",
    "한 줄의 키 또는 보관해 둔 체크포인트입니다. 묶음과 다른 경로(기관 홈페이지, 공문, 전화)로 받으십시오. 키가 없으면"
      + " 위조된 묶음도 똑같이 보입니다. 아래 줄에 증인의 키를 더 적을 수 있습니다.",
    "一行の鍵、または保管してあるチェックポイントです。パッケージとは別の経路（組織のウェブサイト、文書、電話）で受け取って"
      + "ください。鍵がなければ、偽造されたパッケージも同じに見えます。次の行に証人の鍵も書けます。",
  ],
  keyFile: ["Take the key from a file", "파일에서 키 가져오기", "鍵をファイルから読み込む"],
  keyWrong: [
    "This is neither a key nor a checkpoint. A key is one line: name+8 digits+letters.",
    "키도 체크포인트도 아닙니다. 키는 이름+8자리+문자로 된 한 줄입니다.",
    "鍵でもチェックポイントでもありません。鍵は「名前+8 桁+文字」の一行です。",
  ],
  next: [
    "Ask the organisation for the key of its access log, by a way that does not come from this package. Enter it above,"
      + " and check again.",
    "이 묶음에서 나오지 않은 경로로 해당 기관에 접근 기록부의 키를 요청하십시오. 위에 입력하고 다시 확인하십시오.",
    "このパッケージ以外の経路で、組織にアクセス記録簿の鍵を求めてください。上の欄に入力し、もう一度確認してください。",
  ],
  again: ["Enter the key", "키 입력", "鍵を入力"],
  working: ["Checking …", "확인하는 중 …", "確認しています …"],
  stop: ["Stop", "중지", "中止"],
  stopped: ["Stopped: nothing was found out.", "중지했습니다. 확인된 것이 없습니다.", "中止しました。何も確認されていません。"],
  faults: ["What is wrong", "발견된 문제", "見つかった問題"],
  facts: ["What was checked", "확인한 내용", "確認した内容"],
  more: ["{count} more", "그 밖에 {count}건", "ほか {count} 件"],
  note: [
    "A page inside the package could itself have been changed. If you doubt it, use the one of a Lethe release.",
    "묶음 안의 이 페이지도 바뀌었을 수 있습니다. 의심되면 Lethe 배포본의 페이지를 쓰십시오.",
    "パッケージの中のこのページ自体が変更されている可能性もあります。疑わしいときは Lethe の配布物のページを使ってください。",
  ],
};
const LANGUAGES = ["en", "ko", "ja"];
const SHOWN = 200;
const element = (id) => document.getElementById(id);
let language = LANGUAGES.find((each) => (navigator.language || "en").startsWith(each)) || "en";
let results = [];
let turn = 0;
let known = []; // what was chosen, to be checked again with a key

const filled = (text, said) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in said ? String(said[name]) : whole));
const word = (code, said = {}) => {
  const why = WORDS[`why.${said.why}`];
  return filled(WORDS[code][language], why ? { ...said, why: why[language] } : said);
};
const own = (name, said = {}) => filled(OWN[name][LANGUAGES.indexOf(language)], said);
const made = (tag, text = "", className = "") => {
  const found = document.createElement(tag);
  if (text) found.textContent = text;
  if (className) found.className = className;
  return found;
};

const showFault = (fault) => {
  const item = made("li", "", "fault");
  item.dataset.file = fault.file;
  item.dataset.code = fault.code;
  item.append(made("p", word(fault.code, { file: fault.file, ...fault.said })));
  if (fault.expected !== fault.calculated) {
    const list = made("dl");
    for (const what of ["expected", "calculated"]) list.append(made("dt", word(what)), made("dd", fault[what]));
    item.append(list);
  }
  return item;
};

// What is left to do where nobody gave a key.
const showNext = () => {
  const box = made("div", "", "next"), button = made("button", own("again"));
  button.type = "button";
  button.addEventListener("click", () => element("key").focus());
  box.append(made("p", own("next")), button);
  return box;
};

const showResult = ({ label, check, error }) => {
  const section = made("section", "", "result");
  const faults = check ? check.faults : [];
  const state = error ? "open" : faults.length ? "bad" : check.pinned ? "good" : "self";
  section.dataset.state = state;
  const heading = made("h2", error ? word("unchecked", { why: word(error.code, error.said) })
    : word(state, { count: faults.length }));
  const mark = made("span", { good: "✓", self: "!", bad: "✕", open: "?" }[state], "mark");
  mark.setAttribute("aria-hidden", "true");
  heading.prepend(mark);
  section.append(heading, made("p", label, "label"));
  if (error || !check) return section;
  if (state === "self") section.append(showNext());
  if (check.manifest) {
    const { number: numbered, made_at: at } = check.manifest.export, recipient = check.manifest.recipient.name;
    section.append(made("p", word("title", { number: numbered, made_at: plainTime(at), recipient })));
  }
  if (faults.length) {
    const list = made("ol");
    list.append(...faults.slice(0, SHOWN).map(showFault));
    section.append(made("h3", own("faults")), list);
    if (faults.length > SHOWN) section.append(made("p", own("more", { count: faults.length - SHOWN })));
  }
  const facts = made("ul");
  for (const [code, said] of check.facts) {
    const item = made("li", word(code, said));
    item.dataset.code = code;
    item.dataset.said = JSON.stringify(said);
    facts.append(item);
  }
  if (check.facts.length) section.append(made("h3", own("facts")), facts);
  return section;
};

const show = () => {
  document.documentElement.lang = language;
  document.title = own("heading");
  for (const each of document.querySelectorAll("[data-own]")) each.textContent = own(each.dataset.own);
  for (const each of document.querySelectorAll("[data-language]")) {
    each.setAttribute("aria-pressed", String(each.dataset.language === language));
  }
  element("results").replaceChildren(...results.map(showResult));
};

const working = (share) => {
  element("work").hidden = share === null;
  element("bar").value = share || 0;
  element("share").textContent = share === null ? "" : `${Math.floor(100 * share)} %`;
};

// What was entered: the log's key or a checkpoint, and keys of witnesses, in lines of their own.
const entered = () => {
  const text = element("key").value.replace(/\r\n/g, "\n"), witnesses = [], rest = [];
  for (const line of text.split("\n")) {
    try {
      witnesses.push(new Key(line, 4).text);
    } catch {
      rest.push(line);
    }
  }
  return { pin: rest.join("\n").trim(), witnesses };
};
const isPin = (text) => [() => new Key(text), () => new Checkpoint(utf8(`${text}\n`))].some((form) => {
  try {
    return Boolean(form());
  } catch {
    return false;
  }
});

const checked = async (label, place, mine) => {
  let told = 0;
  const progress = (share) => {
    if (mine !== turn) throw new DOMException("stopped", "AbortError");
    if (performance.now() - told > 100) working(share);
    if (performance.now() - told > 100) told = performance.now();
  };
  const { pin, witnesses } = entered();
  const check = new Check(await place(), pin, progress);
  check.witnesses = witnesses;
  await check.run();
  return { label, check };
};

const start = async (places) => {
  const mine = ++turn;
  known = places;
  results = [];
  element("stopped").hidden = true;
  document.body.dataset.done = "";
  show();
  working(0);
  for (const [label, place] of places) {
    try {
      results.push(await checked(label, place, mine));
    } catch (error) {
      if (mine !== turn) return;
      const ours = error instanceof Unchecked || error instanceof Wrong;
      const said = { file: label, why: error.message, ...(error.said || {}) };
      results.push({ label, error: { code: ours ? error.code : "unreadable", said } });
    }
  }
  const checks = results.map((each) => each.check).filter(Boolean);
  for (const one of checks) for (const other of checks) if (one !== other) compare(one, other);
  working(null);
  show();
  document.body.dataset.done = "yes";
  element("results").focus();
};

const startZips = (files) => {
  if (files.length) start([...files].map((each) => [each.name, () => placeOfZip(each)]));
};

element("zip").addEventListener("change", (event) => startZips(event.target.files));
element("folder").addEventListener("change", (event) => {
  const files = [...event.target.files];
  if (files.length) start([[files[0].webkitRelativePath.split("/")[0], async () => placeOfFolder(files)]]);
});
const keyed = () => {
  const { pin } = entered();
  element("key-wrong").hidden = !pin || isPin(pin);
  if (known.length && (!pin || isPin(pin))) start(known);
};
element("key").addEventListener("change", keyed);
element("key-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  element("key").value = (await file.slice(0, 65536).text()).trim();
  event.target.value = "";
  keyed();
});
element("stop").addEventListener("click", () => {
  turn++;
  working(null);
  element("stopped").hidden = false;
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  startZips(event.dataTransfer.files);
});
for (const each of document.querySelectorAll("[data-language]")) {
  each.addEventListener("click", () => {
    language = each.dataset.language;
    show();
  });
}
element("folder").closest(".choice").hidden = !("webkitdirectory" in element("folder"));
show();
