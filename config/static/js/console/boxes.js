// What a fragmented MP4 says of itself (ISO/IEC 14496-12): when each frame is shown, and how it is decoded.

const hex = (byte) => byte.toString(16).padStart(2, "0");

function* boxes(view, start, end) {
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8) return;
    yield { kind: view.getUint32(at + 4), body: at + 8, end: at + size };
    at += size;
  }
}

const KIND = (name) => [...name].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
const [MOOV, TRAK, MDIA, MDHD, MINF, STBL, STSD, MOOF, TRAF, TFDT, TRUN, AVCC, HVCC] =
  "moov trak mdia mdhd minf stbl stsd moof traf tfdt trun avcC hvcC".split(" ").map(KIND);

function within(view, start, end, ...path) {
  for (const box of boxes(view, start, end))
    if (box.kind === path[0]) return path.length === 1 ? box : within(view, box.body, box.end, ...path.slice(1));
  return null;
}

/** {timescale, codec, width, height} of an init segment; `codec` as a browser is asked about it. */
export function readInit(data) {
  const view = new DataView(data);
  const mdia = within(view, 0, data.byteLength, MOOV, TRAK, MDIA);
  const mdhd = within(view, mdia.body, mdia.end, MDHD);
  const timescale = view.getUint32(mdhd.body + (view.getUint8(mdhd.body) ? 20 : 12));
  const stsd = within(view, mdia.body, mdia.end, MINF, STBL, STSD);
  const entry = stsd.body + 8; // version, flags and count before it
  const size = { width: view.getUint16(entry + 32), height: view.getUint16(entry + 34) };
  for (const box of boxes(view, entry + 86, entry + view.getUint32(entry))) {
    if (box.kind === AVCC) return { timescale, ...size, codec: avc(view, box.body) };
    if (box.kind === HVCC) return { timescale, ...size, codec: hevc(view, box.body) };
  }
  return { timescale, ...size, codec: "" };
}

const avc = (view, at) => `avc1.${[1, 2, 3].map((offset) => hex(view.getUint8(at + offset))).join("")}`;

function hevc(view, at) {
  const first = view.getUint8(at + 1);
  const space = ["", "A", "B", "C"][first >> 6];
  let compatible = 0;
  for (let bit = 0, value = view.getUint32(at + 2); bit < 32; bit++, value >>>= 1) compatible = compatible * 2 + (value & 1);
  const limits = [6, 7, 8, 9, 10, 11].map((offset) => view.getUint8(at + offset));
  while (limits.length && !limits.at(-1)) limits.pop();
  const tier = `${first & 0x20 ? "H" : "L"}${view.getUint8(at + 12)}`;
  const names = [`${space}${first & 31}`, (compatible >>> 0).toString(16).toUpperCase(), tier];
  return ["hvc1", ...names, ...limits.map((byte) => byte.toString(16).toUpperCase())].join(".");
}

/** When the frames of a part are shown, in seconds of media time, sorted; and when the last one ends. */
export function readFrames(data, timescale) {
  const view = new DataView(data);
  const shown = [];
  let end = 0;
  for (const moof of boxes(view, 0, data.byteLength)) {
    if (moof.kind !== MOOF) continue;
    const traf = within(view, moof.body, moof.end, TRAF);
    const tfdt = within(view, traf.body, traf.end, TFDT).body;
    let decoded = view.getUint8(tfdt) ? Number(view.getBigUint64(tfdt + 4)) : view.getUint32(tfdt + 4);
    const trun = within(view, traf.body, traf.end, TRUN).body;
    const flags = view.getUint32(trun) & 0xffffff;
    let at = trun + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    for (let left = view.getUint32(trun + 4); left > 0; left--) {
      const length = flags & 0x100 ? view.getUint32(at) : 0;
      at += 4 * ((flags >> 8) & 1) + 4 * ((flags >> 9) & 1) + 4 * ((flags >> 10) & 1);
      const late = flags & 0x800 ? view.getInt32(at) : 0;
      at += flags & 0x800 ? 4 : 0;
      shown.push((decoded + late) / timescale);
      end = Math.max(end, (decoded + late + length) / timescale);
      decoded += length;
    }
  }
  return { times: Float64Array.from(shown).sort(), end };
}
