// Where the files of a package are: a ZIP in which they are not compressed, or the files of a folder.
const PIECE = 4 << 20;
const MOST = 1 << 30;
const LEFT_BY_SYSTEMS = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$|^__MACOSX\/|(^|\/)__pycache__\//;

class Wrong extends Error {
  constructor(code, expected = "", calculated = "", said = {}) {
    super(code);
    Object.assign(this, { code, expected: String(expected), calculated: String(calculated), said });
  }
}
class Unchecked extends Error {
  constructor(code, said) {
    super(code);
    Object.assign(this, { code, said });
  }
}

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
async function* piecesOf(blob) {
  // The next piece is read while this one is used.
  let next = blob.size ? bytesOf(blob.slice(0, PIECE)) : null;
  for (let at = PIECE; next; at += PIECE) {
    const piece = await next;
    next = at < blob.size ? bytesOf(blob.slice(at, at + PIECE)) : null;
    yield piece;
  }
}

class Place {
  constructor(label, files) {
    this.label = label;
    const tops = new Set([...files.keys()].filter((name) => !LEFT_BY_SYSTEMS.test(name)).map((name) => name.split("/")[0]));
    const top = tops.size === 1 ? `${[...tops][0]}/` : "";
    const inside = top && !files.has("manifest.json") && files.has(`${top}manifest.json`) ? top : "";
    this.files = new Map();
    for (const [name, file] of files) if (name.startsWith(inside)) this.files.set(name.slice(inside.length), file);
  }

  has(name) { return this.files.has(name); }
  size(name) { return this.files.get(name).size; }

  async blob(name) {
    try {
      return await this.files.get(name).open(name);
    } catch (error) {
      if (error instanceof Wrong || error instanceof Unchecked) throw error;
      throw new Wrong("unreadable", "", "", { why: error.message });
    }
  }

  async read(name) {
    if (this.size(name) > MOST) throw new Wrong("unreadable", "", "", { why: "> 1 GiB" });
    try {
      return await bytesOf(await this.blob(name));
    } catch (error) {
      if (error instanceof Wrong || error instanceof Unchecked) throw error;
      throw new Wrong("unreadable", "", "", { why: error.message });
    }
  }
}

const placeOfFolder = (chosen) => {
  const files = new Map();
  let label = "";
  for (const each of chosen) {
    const parts = (each.webkitRelativePath || each.name).normalize("NFC").split("/");
    if (parts.length > 1) label = parts.shift();
    files.set(parts.join("/"), { size: each.size, open: async () => each });
  }
  return new Place(label, files);
};

const placeOfZip = async (zip) => {
  try {
    return new Place(zip.name, await listed(zip));
  } catch (error) {
    if (error instanceof Unchecked) throw error;
    throw new Unchecked("unreadable", { file: zip.name, why: `ZIP ${error.message}` });
  }
};

// The list at the end of a ZIP (APPNOTE.TXT, sections 4.3.12 to 4.3.16 and 4.5.3).
const listed = async (zip) => {
  const tail = await bytesOf(zip.slice(Math.max(0, zip.size - 66000)));
  const view = new DataView(tail.buffer);
  let at = tail.length - 22;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new Error("…");
  let count = view.getUint16(at + 10, true), size = view.getUint32(at + 12, true), begin = view.getUint32(at + 16, true);
  if (at >= 20 && view.getUint32(at - 20, true) === 0x07064b50) {
    const where = Number(view.getBigUint64(at - 12, true));
    const large = new DataView(await zip.slice(where, where + 56).arrayBuffer());
    if (large.getUint32(0, true) !== 0x06064b50) throw new Error("64");
    count = Number(large.getBigUint64(32, true));
    size = Number(large.getBigUint64(40, true));
    begin = Number(large.getBigUint64(48, true));
  }
  const data = await bytesOf(zip.slice(begin, begin + size));
  const files = new Map();
  for (let n = 0, p = 0; n < count; n++) {
    const member = memberAt(data, p);
    p = member.next;
    if (files.has(member.name)) throw new Error(`${member.name} 2 ×`);
    if (!member.name.endsWith("/")) files.set(member.name, { size: member.size, open: (name) => opened(zip, member, name) });
  }
  return files;
};

const memberAt = (data, p) => {
  const view = new DataView(data.buffer);
  if (view.getUint32(p, true) !== 0x02014b50) throw new Error("…");
  const [named, more, comment] = [28, 30, 32].map((each) => view.getUint16(p + each, true));
  const raw = data.subarray(p + 46, p + 46 + named);
  const found = {
    raw, name: new TextDecoder().decode(raw).normalize("NFC"), flags: view.getUint16(p + 8, true),
    method: view.getUint16(p + 10, true), packed: view.getUint32(p + 20, true), size: view.getUint32(p + 24, true),
    offset: view.getUint32(p + 42, true), next: p + 46 + named + more + comment,
  };
  for (let q = p + 46 + named; q + 4 <= p + 46 + named + more; q += 4 + view.getUint16(q + 2, true)) {
    if (view.getUint16(q, true) !== 1) continue;
    let at = q + 4;
    for (const field of ["size", "packed", "offset"]) {
      if (found[field] !== 0xffffffff) continue;
      found[field] = Number(view.getBigUint64(at, true));
      at += 8;
    }
  }
  return found;
};

const opened = async (zip, member, name) => {
  if (member.method !== 0 || member.flags & 1) throw new Unchecked("packed", { file: name });
  const head = await bytesOf(zip.slice(member.offset, member.offset + 30 + member.raw.length));
  const view = new DataView(head.buffer);
  // What unpacks by the names before the files must see the same as what goes by the list at the end.
  const same = view.getUint32(0, true) === 0x04034b50 && view.getUint16(26, true) === member.raw.length
    && member.raw.every((each, n) => each === head[30 + n]);
  if (!same) throw new Wrong("unreadable", "", "", { why: "ZIP" });
  const begin = member.offset + 30 + member.raw.length + view.getUint16(28, true);
  return zip.slice(begin, begin + member.size);
};
