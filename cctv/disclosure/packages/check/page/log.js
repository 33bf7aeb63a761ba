// Keys, signed notes, checkpoints and proofs of the log (c2sp.org), and its tree (RFC 6962).
const DASH = "\u2014 ";
const utf8 = (text) => new TextEncoder().encode(text);
const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const base64 = (bytes) => btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(""));
const unbase64 = (text) => {
  // One spelling only.
  const found = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  if (base64(found) !== text) throw new Error("base64");
  return found;
};
const same = (one, other) => one.length === other.length && one.every((each, n) => each === other[n]);
const number = (text) => {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text)) throw new Error("number");
  return Number(text);
};

class Key {
  constructor(text, kind = 1) {
    this.text = text.trim();
    const [name, id, ...rest] = this.text.split("+");
    const raw = unbase64(rest.join("+"));
    this.name = name;
    this.id = unhex(id);
    this.publicKey = raw.subarray(1);
    const expected = sha256(utf8(`${name}\n`), raw).subarray(0, 4);
    if (raw.length !== 33 || raw[0] !== kind || !same(this.id, expected)) throw new Error("key");
  }
}

class Note {
  constructor(bytes) {
    const text = textOf(bytes), at = text.lastIndexOf("\n\n");
    if (at < 1 || !text.endsWith("\n")) throw new Error("note");
    this.text = text.slice(0, at + 1);
    this.signatures = text.slice(at + 2, -1).split("\n").map((line) => {
      const [name, encoded, ...more] = line.slice(DASH.length).split(" ");
      if (!line.startsWith(DASH) || !name || encoded === undefined || more.length) throw new Error("signature");
      return { name, value: unbase64(encoded) };
    });
  }

  by(key) {
    const ours = this.signatures.filter((each) => each.name === key.name && same(each.value.subarray(0, 4), key.id));
    return ours.map((each) => each.value.subarray(4));
  }

  async signedBy(key) {
    for (const each of this.by(key)) if (await verify(key.publicKey, each, utf8(this.text))) return true;
    return false;
  }

  async seenBy(witness) {
    for (const value of this.by(witness)) {
      if (value.length !== 72) continue;
      const seconds = new DataView(value.slice().buffer).getBigUint64(0);
      const message = utf8(`cosignature/v1\ntime ${seconds}\n${this.text}`);
      if (await verify(witness.publicKey, value.slice(8), message)) return Number(seconds);
    }
    return 0;
  }
}

class Checkpoint extends Note {
  constructor(bytes) {
    super(bytes);
    const lines = this.text.split("\n");
    this.origin = lines[0];
    this.size = number(lines[1] || "");
    this.root = unbase64(lines[2] || "");
    if (this.root.length !== 32) throw new Error("checkpoint");
  }
}

const leafHash = (data) => sha256(Uint8Array.of(0), data);
const rootOf = (index, size, leaf, neighbours) => {
  // RFC 9162, section 2.1.3.2; halves and remainders, because numbers may go beyond 32 bits.
  let value = leaf, at = index, last = size - 1;
  if (at < 0 || at > last) return new Uint8Array();
  const half = (x) => Math.floor(x / 2);
  for (const neighbour of neighbours) {
    if (last === 0) return new Uint8Array();
    if (at % 2 || at === last) {
      value = sha256(Uint8Array.of(1), neighbour, value);
      while (at && at % 2 === 0) [at, last] = [half(at), half(last)];
    } else {
      value = sha256(Uint8Array.of(1), value, neighbour);
    }
    [at, last] = [half(at), half(last)];
  }
  return last ? new Uint8Array() : value;
};

class Proof {
  constructor(bytes) {
    let checkpoint;
    try {
      const text = textOf(bytes), at = text.indexOf("\n\n");
      checkpoint = utf8(text.slice(at + 2));
      const [first, extra, index, ...neighbours] = text.slice(0, at).split("\n");
      const given = JSON.parse(textOf(unbase64(extra.slice(6))));
      this.entry = unbase64(given.entry);
      this.record = "record" in given ? unbase64(given.record) : new Uint8Array();
      this.index = number(index.slice(6));
      this.neighbours = neighbours.map(unbase64);
      const lines = first === "c2sp.org/tlog-proof@v1" && extra.startsWith("extra ") && index.startsWith("index ");
      const named = this.entry[1];
      if (!lines || this.neighbours.some((each) => each.length !== 32)) throw new Error("proof");
      if (this.entry[0] !== 1 || this.entry.length !== 42 + named) throw new Error("entry");
      this.kind = textOf(this.entry.subarray(2, 2 + named));
    } catch {
      throw new Wrong("proof.form");
    }
    try {
      this.checkpoint = new Checkpoint(checkpoint);
    } catch {
      throw new Wrong("checkpoint.form");
    }
  }

  check(said) {
    if (this.index !== said.entry || this.kind !== said.kind) {
      throw new Wrong("proof.entry", `${said.entry} ${said.kind}`, `${this.index} ${this.kind}`);
    }
    const calculated = rootOf(this.index, this.checkpoint.size, leafHash(this.entry), this.neighbours);
    if (!same(calculated, this.checkpoint.root)) {
      throw new Wrong("proof.root", hex(this.checkpoint.root), hex(calculated));
    }
    if (!this.record.length) return {};
    const digest = sha256(this.record), committed = this.entry.subarray(-32);
    if (!same(digest, committed)) throw new Wrong("proof.record", hex(committed), hex(digest));
    try {
      const body = JSON.parse(textOf(this.record.subarray(32))).body;
      return isObject(body) ? body : {};
    } catch {
      throw new Wrong("proof.form");
    }
  }
}
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
