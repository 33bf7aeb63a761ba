// The check of one package, step by step as check.py does it.
const MANIFEST = "manifest.json";
const SIGNATURE = "manifest.sig";
const APPROVALS = ["export.approved", "export.confirmed"];
const URGENT = "export.urgent";
const PROOF_FORM = { entry: "n", kind: "s", name: "s" };
const SEGMENT_FORM = { segment: "s", camera: "s", from_us: "n", to_us: "n" };
const FORM = {
  version: "s", key: "s", expires_at: "s", recipient: { name: "s" },
  export: { number: "s", made_at: "s", language: "s", urgent: "b" },
  log: { origin: "s", vkey: "s", checkpoint: "s", witnesses: ["s"], proofs: [PROOF_FORM] },
  files: [{ name: "s", size: "n", sha256: "s" }], segments: [SEGMENT_FORM],
};
const EVIDENCE_FORM = {
  version: "s", clear_sha256: "s", salt: "s", leaf: "n", size: "n", path: ["s"], hour: "s", entry: "n",
};
const misfit = (value, form, at = "") => {
  if (form === "s") return typeof value === "string" ? "" : at;
  if (form === "n") return Number.isSafeInteger(value) ? "" : at;
  if (form === "b") return typeof value === "boolean" ? "" : at;
  if (Array.isArray(form)) {
    if (!Array.isArray(value)) return at;
    for (let n = 0; n < value.length; n++) {
      const bad = misfit(value[n], form[0], `${at}[${n}]`);
      if (bad) return bad;
    }
    return "";
  }
  if (!isObject(value)) return at || "{}";
  for (const name of Object.keys(form)) {
    const bad = misfit(value[name], form[name], `${at}.${name}`);
    if (bad) return bad;
  }
  return "";
};

const plainTime = (text) => `${text.slice(0, 19).replace("T", " ")} UTC`;
const spoken = (said) => {
  const part = (us) => new Date(Math.floor(us / 1000)).toISOString().slice(0, 19).replace("T", " ");
  try {
    return `${part(said.from_us)} – ${part(said.to_us).slice(11)} UTC`;
  } catch {
    return "?";
  }
};

class Check {
  constructor(place, pin, progress) {
    Object.assign(this, { place, pin, progress, manifest: null, faults: [], facts: [] });
    this.seen = new Set();
    this.bodies = new Map(); // entry -> its kind and body, where it is proven
    this.bad = new Set(); // files whose bytes are not those of the manifest
    this.signed = new Map();
    this.pinned = false; // whether the log is the one that the reader knows
    this.witnesses = []; // that the reader knows
    this.done = 0;
    this.total = 1;
  }

  fault(file, code, expected = "", calculated = "", said = {}) {
    const key = JSON.stringify([code, file, said]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.faults.push({ file, code, expected: String(expected), calculated: String(calculated), said });
  }
  wrong(file, error) {
    if (!(error instanceof Wrong)) throw error;
    this.fault(file, error.code, error.expected, error.calculated, error.said);
  }
  fact(code, said = {}) { this.facts.push([code, said]); }

  async run() {
    if (!this.place.has(MANIFEST)) {
      if (!this.place.has(SIGNATURE)) throw new Unchecked("no.package", { place: this.place.label });
      this.fault(MANIFEST, "missing");
      return this;
    }
    let digest, data;
    try {
      data = await this.place.read(MANIFEST);
      digest = hex(sha256(data));
      this.manifest = this.parsed(data);
    } catch (error) {
      this.wrong(MANIFEST, error);
      return this;
    }
    this.files = new Map(this.manifest.files.map((each) => [each.name.normalize("NFC"), each]));
    if (this.files.size !== this.manifest.files.length) this.fault(MANIFEST, "manifest", "", "", { why: ".files.name 2 ×" });
    await this.checkFiles();
    await this.checkLog();
    await this.checkSignature(digest);
    await this.checkSegments();
    this.checkApproval();
    this.sayMore(data);
    return this;
  }

  parsed(data) {
    let found;
    try {
      found = JSON.parse(textOf(data));
    } catch (error) {
      throw new Wrong("manifest", "", "", { why: error.message });
    }
    const bad = misfit(found, FORM);
    if (bad) throw new Wrong("manifest", "", "", { why: bad });
    if (found.version !== "lethe/1/package") throw new Wrong("manifest", "lethe/1/package", found.version, { why: ".version" });
    return found;
  }

  // ---------------------------------------------------------------- files

  async checkFiles() {
    const there = [...this.place.files.keys()];
    const ignored = there.filter((name) => !this.files.has(name) && LEFT_BY_SYSTEMS.test(name)).sort();
    for (const name of there.sort()) {
      if (!this.files.has(name) && ![MANIFEST, SIGNATURE, ...ignored].includes(name)) this.fault(name, "extra");
    }
    const listed = [...this.files.keys()];
    for (const name of listed.filter((each) => !this.place.has(each)).sort()) {
      this.fault(name, "missing");
      this.bad.add(name);
    }
    const present = listed.filter((each) => this.place.has(each));
    const copied = new Set(this.manifest.segments.filter((each) => each.recipe).map((each) => each.file));
    this.total = Math.max(1, present.reduce((sum, name) => sum + this.place.size(name) * (copied.has(name) ? 2 : 1), 0));
    const byHash = new Map(listed.map((name) => [this.files.get(name).sha256, name]));
    for (const name of present) {
      try {
        this.compareFile(name, await this.hashOf(name), byHash);
      } catch (error) {
        this.wrong(name, error);
        this.bad.add(name);
      }
    }
    this.fact("said.files", { good: listed.length - this.bad.size, all: listed.length });
    if (ignored.length) this.fact("said.ignored", { names: ignored.join(", ") });
  }

  async hashOf(name) {
    const blob = await this.place.blob(name), digest = new Hash(blob.size);
    try {
      for await (const piece of piecesOf(blob)) {
        digest.update(piece);
        this.advance(piece.length);
      }
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Wrong("unreadable", "", "", { why: error.message });
    }
    return digest.hex();
  }

  compareFile(name, found, byHash) {
    const said = this.files.get(name), size = this.place.size(name);
    if (found === said.sha256 && size === said.size) return;
    const other = found === said.sha256 ? undefined : byHash.get(found);
    if (other !== undefined) this.fault(name, "swapped", said.sha256, found, { other });
    else if (size !== said.size) this.fault(name, "size", said.size, size);
    else this.fault(name, "hash", said.sha256, found);
    this.bad.add(name);
  }

  advance(count) {
    this.done += count;
    this.progress(Math.min(0.999, this.done / this.total));
  }

  // ---------------------------------------------------------------- the log

  async checkLog() {
    const log = this.manifest.log;
    try {
      this.key = new Key(log.vkey);
    } catch {
      this.fault(MANIFEST, "manifest", "", "", { why: ".log.vkey" });
      return;
    }
    const newest = await this.checkCheckpoint(log.checkpoint);
    await this.checkPin(newest);
    for (const said of log.proofs) await this.checkProof(said, newest);
    this.fact("said.log", {
      good: this.bodies.size, all: log.proofs.length, origin: this.key.name, size: newest ? newest.size : 0,
    });
  }

  async checkCheckpoint(name) {
    let found;
    if (!this.place.has(name)) {
      this.fault(name, "missing");
      return null;
    }
    try {
      const data = await this.place.read(name);
      try {
        found = new Checkpoint(data);
      } catch {
        throw new Wrong("checkpoint.form");
      }
      if (!await this.isSigned(found)) throw new Wrong("checkpoint.signature", this.key.name, found.origin);
    } catch (error) {
      this.wrong(name, error);
      return null;
    }
    await this.checkWitnesses(name, found);
    return found;
  }

  async isSigned(checkpoint) {
    // Most proofs bear the same checkpoint: it is verified once.
    const key = `${checkpoint.text}${checkpoint.by(this.key).map(hex).join(" ")}`;
    if (!this.signed.has(key)) {
      this.signed.set(key, checkpoint.origin === this.key.name && await checkpoint.signedBy(this.key));
    }
    return this.signed.get(key);
  }

  async checkWitnesses(name, checkpoint) {
    for (const text of new Set([...this.witnesses, ...this.manifest.log.witnesses])) {
      let witness;
      try {
        witness = new Key(text, 4);
      } catch {
        this.fault(MANIFEST, "manifest", "", "", { why: ".log.witnesses" });
        continue;
      }
      const seconds = await checkpoint.seenBy(witness);
      if (!seconds) this.fault(name, "checkpoint.witness", "", "", { witness: witness.name });
      else {
        const at = new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
        // Whoever makes up a log makes up its witnesses: only those that the reader knows are any.
        this.fact(this.witnesses.includes(text) ? "said.witness" : "said.witness.named", { witness: witness.name, at });
      }
    }
  }

  async checkPin(newest) {
    const given = this.pin.replace(/\r\n/g, "\n").trim();
    if (!given) {
      this.fact("said.unpinned", { vkey: this.key.text });
      return;
    }
    let kept = null;
    try {
      kept = new Checkpoint(utf8(`${given}\n`));
    } catch { /* then it is a key */ }
    if (!kept && given !== this.key.text) {
      this.fault(MANIFEST, "log.key", given, this.key.text);
    } else if (kept && !await this.isSigned(kept)) {
      this.fault(MANIFEST, "log.key", kept.origin, this.key.text);
    } else {
      if (kept) this.checkSame(this.manifest.log.checkpoint, kept, newest);
      this.pinned = true;
      this.fact("said.pinned");
    }
  }

  checkSame(name, one, other) {
    if (!other || one.size !== other.size || same(one.root, other.root)) return true;
    this.fault(name, "log.rewritten", hex(one.root), hex(other.root));
    return false;
  }

  async checkProof(said, newest) {
    if (!this.place.has(said.name)) {
      this.fault(said.name, "missing");
      return;
    }
    try {
      const proof = new Proof(await this.place.read(said.name));
      if (!await this.isSigned(proof.checkpoint)) {
        throw new Wrong("checkpoint.signature", this.key.name, proof.checkpoint.origin);
      }
      const body = proof.check(said);
      if (this.checkSame(said.name, proof.checkpoint, newest)) this.bodies.set(proof.index, { kind: proof.kind, body });
    } catch (error) {
      this.wrong(said.name, error);
    }
  }

  // ---------------------------------------------------------------- the signature

  async checkSignature(digest) {
    if (!this.place.has(SIGNATURE)) {
      this.fault(SIGNATURE, "missing");
      return;
    }
    let note, signed;
    try {
      note = new Note(await this.place.read(SIGNATURE));
      signed = /^lethe\/1\/package\n([0-9a-f]{64})\n$/.exec(note.text);
      if (!signed || note.signatures.length !== 1) throw new Error("form");
    } catch {
      this.fault(SIGNATURE, "signature.form");
      return;
    }
    const keys = [...this.bodies.values()].filter((each) => each.kind === "export.key").map((each) => each.body.vkey);
    const bound = keys.filter((each) => typeof each === "string"), claimed = this.manifest.key;
    let by;
    for (const text of [claimed, ...bound]) {
      try {
        if (by === undefined && await note.signedBy(new Key(text))) by = text;
      } catch { /* no key signed nothing */ }
    }
    const listed = this.manifest.log.proofs.some((each) => each.kind === "export.key");
    if (by === undefined) this.fault(SIGNATURE, "signature.wrong", claimed, note.signatures[0].name);
    else if (signed[1] !== digest) this.fault(MANIFEST, "signature.manifest", signed[1], digest);
    else if (!bound.length && !listed) this.fault(MANIFEST, "key.unproven");
    else if (!bound.length) return;
    else if (!bound.includes(by) || !bound.includes(claimed)) this.fault(SIGNATURE, "key", bound[0], by);
    else this.fact(this.pinned ? "said.signature" : "said.signature.self", { key: by.split("+")[0] });
  }

  // ---------------------------------------------------------------- recordings

  async checkSegments() {
    const segments = this.manifest.segments, proven = segments.filter((each) => !("unproven" in each));
    const placed = proven.filter((each) => this.checkSegment(each));
    let shown = placed.filter((each) => each.original && this.checkOriginal(each)).length;
    const groups = new Map();
    for (const each of placed.filter((said) => said.recipe && !said.original)) {
      const key = JSON.stringify([each.file, each.recipe]);
      groups.set(key, [...(groups.get(key) || []), each]);
    }
    for (const [key, group] of groups) shown += await this.checkRecipes(...JSON.parse(key), group);
    const asked = proven.filter((each) => each.original || each.recipe).length;
    if (asked) this.fact("said.segments", { good: shown, all: asked });
    if (proven.length > asked) this.fact("said.part", { count: proven.length - asked });
    const reasons = segments.filter((each) => "unproven" in each).map((each) => String(each.unproven));
    for (const why of [...new Set(reasons)].sort()) {
      this.fact("said.unproven", { count: reasons.filter((each) => each === why).length, why });
    }
    this.checkComplete(segments);
  }

  checkComplete(segments) {
    const shown = new Set(segments.map((each) => each.file));
    for (const file of this.manifest.files) {
      if (file.kind === "clip" && !shown.has(file.name)) this.fault(file.name, "clip.unbacked");
    }
    const spans = objects(this.manifest.spans).filter((each) => each.form === "native" || each.form === "both");
    for (const each of segments) {
      if (spans.some((span) => meets(span, each))) continue;
      this.fault(each.file || each.original || MANIFEST, "segment.outside", "", "", { at: spoken(each) });
    }
    for (const span of spans) {
      for (const [code, find] of [["segment.missing", leftOut], ["gap.false", falseGaps]]) {
        for (const [start, end] of find(span, segments)) {
          this.fault(MANIFEST, code, "", "", { at: spoken({ from_us: start, to_us: end }) });
        }
      }
    }
  }

  checkSegment(said) {
    const { segment, camera } = said;
    let leaf, path;
    try {
      if (misfit(said, EVIDENCE_FORM) || said.version !== "lethe/1/evidence") throw new Error("form");
      const lines = ["lethe/1/ingest-leaf", segment, camera, said.from_us, said.to_us, said.clear_sha256, said.salt];
      leaf = leafHash(utf8(lines.map((line) => `${line}\n`).join("")));
      path = said.path.map(unhex);
    } catch {
      this.fault(MANIFEST, "segment.form", "", "", { segment });
      return false;
    }
    const hour = this.bodies.get(said.entry);
    if (!hour || hour.kind !== "ingest.hour") {
      const listed = this.manifest.log.proofs.some((each) => each.entry === said.entry);
      if (!listed) this.fault(MANIFEST, "segment.proof", "", "", { segment });
      return false;
    }
    const calculated = `${hex(rootOf(said.leaf, said.size, leaf, path))} ${camera} ${said.hour}`;
    const logged = `${hour.body.root} ${isObject(hour.body.camera) ? hour.body.camera.id : null} ${hour.body.hour}`;
    if (logged === calculated) return true;
    this.fault(said.file || MANIFEST, "segment.root", logged, calculated, { segment, at: spoken(said) });
    return false;
  }

  checkOriginal(said) {
    if (this.bad.has(said.original)) return false;
    const file = this.files.get(said.original), found = file ? file.sha256 : "-";
    if (found === said.clear_sha256) return true;
    this.fault(said.original, "segment.file", said.clear_sha256, found, { at: spoken(said) });
    return false;
  }

  async checkRecipes(clip, recipe, segments) {
    const absent = [clip, recipe].filter((name) => !this.place.has(name));
    absent.forEach((name) => this.fault(name, "missing"));
    if (absent.length) return 0;
    let found = new Map(), source = null, good = 0;
    try {
      found = recipesIn(await this.place.read(recipe));
      source = new Window(await this.place.blob(clip));
    } catch (error) {
      if (error instanceof Unchecked) throw error;
    }
    for (const said of segments) {
      let made;
      try {
        const one = found.get(said.segment);
        made = await rebuilt(source, one);
      } catch {
        // Of a clip that was cut, the clip is to blame.
        this.fault(this.bad.has(clip) ? clip : recipe, "recipe", "", "", { at: spoken(said) });
        continue;
      }
      this.advance(found.get(said.segment).size);
      if (made === said.clear_sha256) {
        good++;
        continue;
      }
      const file = this.bad.has(recipe) && !this.bad.has(clip) ? recipe : clip;
      this.fault(file, "segment.file", said.clear_sha256, made, { at: spoken(said) });
    }
    return good;
  }

  // ---------------------------------------------------------------- the rest

  checkApproval() {
    const { number: wanted, urgent } = this.manifest.export, recipient = this.manifest.recipient.name;
    const kinds = urgent ? [...APPROVALS, URGENT] : APPROVALS;
    const proofs = this.manifest.log.proofs.filter((each) => kinds.includes(each.kind));
    if (!proofs.length) this.fault(MANIFEST, "approval");
    // The proof of another kind, or none, is among the faults already.
    const proven = proofs.map((said) => [said, this.bodies.get(said.entry)])
      .filter(([said, found]) => found && found.kind === said.kind).map((each) => each[1].body);
    for (const body of proven) {
      const approved = [isObject(body.export) ? body.export.name : "", body.recipient];
      if (approved[0] !== wanted || approved[1] !== recipient) {
        this.fault(MANIFEST, "approval.other", approved.join(" / "), `${wanted} / ${recipient}`);
      }
      this.compareApproved(body);
    }
    if (proven.length && !proven.some((each) => "spans" in each && "ground" in each)) {
      this.fault(MANIFEST, "approval.spans", "", "-");
    }
  }

  compareApproved(body) {
    // What the entry says of footage, ground and purpose; who approves afterwards may say none of it.
    if ("spans" in body) {
      const approved = approvedSpans(body), listed = listedSpans(this.manifest);
      const without = (one, other) => [...one].filter((each) => !other.has(each)).sort().join(" ; ");
      const told = [without(approved, listed), without(listed, approved)];
      if (told[0] || told[1]) this.fault(MANIFEST, "approval.spans", ...told);
    }
    for (const what of ["ground", "purpose"]) {
      const said = body[what], found = isObject(this.manifest[what]) ? this.manifest[what] : {};
      if (!isObject(said)) continue;
      const pair = [said, found].map((each) => String(each.code || "other"));
      if (what === "purpose" && said.reason) { // in the words of whoever asked
        pair[0] += ` ${said.reason}`;
        pair[1] += ` ${found.text}`;
      }
      if (pair[0] !== pair[1]) this.fault(MANIFEST, `approval.${what}`, ...pair);
    }
  }

  sayMore(data) {
    const code = reportCode(textOf(data), this.manifest);
    if (code) this.fact("said.report", { report: code });
    if (this.manifest.export.urgent) this.fact("said.urgent");
    const at = this.manifest.expires_at;
    if (at < new Date().toISOString()) this.fact("said.expired", { at: plainTime(at) });
  }
}

const objects = (value) => (Array.isArray(value) ? value.filter(isObject) : []);
const spanLine = (camera, said, redaction, result) =>
  [camera, said.from, said.to, said.form, redaction, result].filter(Boolean).join(" ");
// What of the span lies in no recording and in no gap that is told, in microseconds.
const BETWEEN_US = 2_000_000, BEFORE_US = 60_000_000;
const micros = (moment) => Date.parse(moment) * 1000;
const meets = (span, said) => said.camera === span.camera
  && said.from_us < micros(span.to) && said.to_us > micros(span.from) - BEFORE_US;

const falseGaps = (span, segments) => objects(span.gaps)
  .map((each) => [micros(each.from), micros(each.to)])
  .filter(([first, last]) => segments.some((each) => each.camera === span.camera
    && Math.min(each.to_us, last) - Math.max(each.from_us, first) > BETWEEN_US));

const leftOut = (span, segments) => {
  const found = [];
  const told = objects(span.gaps).map((each) => [micros(each.from), micros(each.to)]);
  const last = micros(span.to);
  let first = micros(span.from);
  if ([first, last, ...told.flat()].some(Number.isNaN)) return found;
  for (const each of segments) if (each.camera === span.camera) told.push([each.from_us, each.to_us]);
  for (const [start, end] of [...told.sort((a, b) => a[0] - b[0] || a[1] - b[1]), [last, last]]) {
    if (Math.min(start, last) - first > BETWEEN_US) found.push([first, Math.min(start, last)]);
    first = Math.max(first, end);
  }
  return found;
};

const approvedSpans = (body) => {
  const ids = new Map(objects(body.cameras).map((each) => [String(each.code), each.id]));
  return new Set(objects(body.spans)
    .map((each) => spanLine(ids.get(String(each.camera)), each, each.redaction, each.result_sha256)));
};
const listedSpans = (manifest) => new Set(objects(manifest.spans).map((each) => {
  const redaction = isObject(each.redaction) ? each.redaction : {};
  return spanLine(each.camera, each, redaction.number, redaction.result_sha256);
}));

// What stands on the report: SHA-256 of the manifest without the report's own line, cut out of canonical JSON.
const reportCode = (text, manifest) => {
  const line = JSON.stringify(manifest.files.find((each) => each.kind === "report") || null), at = text.indexOf(line);
  if (line === "null" || at < 0) return "";
  let before = text.slice(0, at), after = text.slice(at + line.length);
  if (after.startsWith(",")) after = after.slice(1);
  else before = before.replace(/,$/, "");
  return hex(sha256(utf8(before + after))).match(/.{8}/g).join(" ");
};

const compare = (one, other) => {
  if (!one.manifest || !other.manifest || one.manifest.log.origin !== other.manifest.log.origin) return;
  const [first, second] = [one.manifest.export, other.manifest.export];
  if (first.number !== second.number || first.made_at >= second.made_at) return;
  one.fault(MANIFEST, "old", second.made_at, first.made_at, { other: other.place.label });
};

// ------------------------------------------------------------------ recipes: the recorder's file made again

const RECIPE_LINE = utf8("lethe/1/recipe\n");
const recipesIn = (data) => {
  const found = new Map(), head = RECIPE_LINE.length;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at < data.length;) {
    const body = Number(view.getBigUint64(at + head)), named = view.getUint8(at + head + 8);
    const end = at + head + 8 + body, after = at + head + 9 + named;
    if (!same(data.subarray(at, at + head), RECIPE_LINE) || end > data.length || body < 41 + named) throw new Error("recipe");
    const segment = textOf(data.subarray(at + head + 9, after));
    found.set(segment, { size: Number(view.getBigUint64(after)), steps: data.subarray(after + 40, end) });
    at = end;
  }
  return found;
};

class Window {
  // A clip is read in large parts, however small the steps are.
  constructor(blob) { Object.assign(this, { blob, at: 0, data: new Uint8Array() }); }

  async copy(offset, length, digest) {
    if (offset + length > this.blob.size) throw new Error("beyond the clip");
    while (length) {
      if (offset < this.at || offset >= this.at + this.data.length) {
        this.at = offset;
        this.data = await bytesOf(this.blob.slice(offset, offset + PIECE));
      }
      const part = this.data.subarray(offset - this.at, offset - this.at + length);
      digest.update(part);
      offset += part.length;
      length -= part.length;
    }
  }
}

const rebuilt = async (source, { size, steps }) => {
  const digest = new Hash(size), view = new DataView(steps.buffer, steps.byteOffset, steps.length);
  let copied = 0;
  for (let at = 0; at < steps.length;) {
    if (steps[at] === 0) {
      const length = view.getUint32(at + 1);
      if (at + 5 + length > steps.length) throw new Error("cut");
      digest.update(steps.subarray(at + 5, at + 5 + length));
      at += 5 + length;
    } else if (steps[at] === 1) {
      const length = Number(view.getBigUint64(at + 9));
      await source.copy(Number(view.getBigUint64(at + 1)), length, digest);
      at += 17;
      copied += length;
    } else {
      throw new Error("no step");
    }
  }
  // What the recipe itself holds proves nothing of the clip.
  if (copied * 4 < size * 3) throw new Error("not from the clip");
  return digest.hex();
};
