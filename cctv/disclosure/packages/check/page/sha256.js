// SHA-256 (FIPS 180-4) of as much as comes, piece by piece: a browser's own can only take a whole file at once.
const ROUNDS = new Int32Array(64);
const FIRST = new Int32Array(8);
(() => {
  const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) FIRST[found] = fraction(Math.sqrt(n));
    ROUNDS[found++] = fraction(Math.cbrt(n));
  }
})();

class Sha256 {
  constructor() {
    this.state = Int32Array.from(FIRST);
    this.rest = new Uint8Array(64);
    this.held = 0;
    this.bytes = 0;
    this.words = new Int32Array(64);
  }

  update(data) {
    this.bytes += data.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, data.length);
      this.rest.set(data.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return this;
      this.blocks(this.rest, 0, 64);
      this.held = 0;
    }
    const end = at + ((data.length - at) & ~63);
    this.blocks(data, at, end);
    this.rest.set(data.subarray(end), 0);
    this.held = data.length - end;
    return this;
  }

  digest() {
    const bits = this.bytes * 8;
    const last = new Uint8Array(this.held < 56 ? 64 : 128);
    last.set(this.rest.subarray(0, this.held));
    last[this.held] = 0x80;
    const view = new DataView(last.buffer);
    view.setUint32(last.length - 8, Math.floor(bits / 4294967296));
    view.setUint32(last.length - 4, bits >>> 0);
    this.blocks(last, 0, last.length);
    const found = new Uint8Array(32);
    const out = new DataView(found.buffer);
    this.state.forEach((word, n) => out.setInt32(4 * n, word));
    return found;
  }

  blocks(data, from, end) {
    const w = this.words, k = ROUNDS, s = this.state;
    let h0 = s[0], h1 = s[1], h2 = s[2], h3 = s[3], h4 = s[4], h5 = s[5], h6 = s[6], h7 = s[7];
    for (let p = from; p < end; p += 64) {
      for (let i = 0, q = p; i < 16; i++, q += 4) {
        w[i] = (data[q] << 24) | (data[q + 1] << 16) | (data[q + 2] << 8) | data[q + 3];
      }
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      h0 = (h0 + a) | 0; h1 = (h1 + b) | 0; h2 = (h2 + c) | 0; h3 = (h3 + d) | 0;
      h4 = (h4 + e) | 0; h5 = (h5 + f) | 0; h6 = (h6 + g) | 0; h7 = (h7 + h) | 0;
    }
    s[0] = h0; s[1] = h1; s[2] = h2; s[3] = h3; s[4] = h4; s[5] = h5; s[6] = h6; s[7] = h7;
  }
}

// What is small is held and hashed by the browser, which is faster; what is large goes through ours in pieces.
const HELD = 64 << 20;
class Hash {
  constructor(size) {
    this.size = size;
    this.made = 0;
    const quick = size <= HELD && globalThis.crypto && crypto.subtle;
    if (quick) this.held = new Uint8Array(size);
    else this.own = new Sha256();
  }

  update(data) {
    if (this.made + data.length > this.size) throw new Error("another size");
    if (this.held) this.held.set(data, this.made);
    else this.own.update(data);
    this.made += data.length;
  }

  async hex() {
    if (this.made !== this.size) throw new Error("another size");
    return hex(this.held ? new Uint8Array(await crypto.subtle.digest("SHA-256", this.held)) : this.own.digest());
  }
}

const sha256 = (...parts) => {
  const digest = new Sha256();
  parts.forEach((part) => digest.update(part));
  return digest.digest();
};
const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const unhex = (text) => {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new Error("hexadecimal");
  return Uint8Array.from(text.match(/../g) || [], (each) => parseInt(each, 16));
};
