// Ed25519 (RFC 8032, section 5.1.7): the browser's own where it has it, else calculated here.
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x, m = P) => ((x % m) + m) % m;
const power = (base, exponent, m = P) => {
  let found = 1n;
  for (base = mod(base, m); exponent; exponent >>= 1n, base = (base * base) % m) {
    if (exponent & 1n) found = (found * base) % m;
  }
  return found;
};
const D = mod(-121665n * power(121666n, P - 2n));
const little = (bytes) => bytes.reduceRight((sum, each) => (sum << 8n) | BigInt(each), 0n);

// Points in extended coordinates [X, Y, Z, T].
const plus = (a, b) => {
  const p = mod((a[1] - a[0]) * (b[1] - b[0])), q = mod((a[1] + a[0]) * (b[1] + b[0]));
  const r = mod(2n * a[3] * b[3] * D), s = mod(2n * a[2] * b[2]);
  const e = q - p, f = s - r, g = s + r, h = q + p;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
};
const times = (factor, point) => {
  let found = [0n, 1n, 1n, 0n];
  for (; factor; factor >>= 1n, point = plus(point, point)) if (factor & 1n) found = plus(found, point);
  return found;
};
const pointOf = (bytes) => {
  const all = little(bytes), sign = all >> 255n, y = all & (2n ** 255n - 1n);
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square)) x = mod(x * power(2n, (P - 1n) / 4n));
  if (y >= P || mod(x * x - square) || (!x && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
};
const baseBytes = () => {
  const found = new Uint8Array(32).fill(0x66);
  found[0] = 0x58;
  return found;
};

// SHA-512 of what is short; its constants are the first 64 bits of the fractions of roots of primes.
const root = (n, degree) => {
  let low = 0n, high = 2n ** 72n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** degree <= n) low = middle; else high = middle;
  }
  return low & (2n ** 64n - 1n);
};
const sha512Constants = () => {
  const primes = [];
  for (let n = 2; primes.length < 80; n++) if (primes.every((each) => n % each)) primes.push(n);
  return [
    primes.slice(0, 8).map((each) => root(BigInt(each) << 128n, 2n)),
    primes.map((each) => root(BigInt(each) << 192n, 3n)),
  ];
};
const sha512 = (data) => {
  const [first, rounds] = sha512Constants(), mask = 2n ** 64n - 1n;
  const turn = (x, n) => ((x >> n) | (x << (64n - n))) & mask;
  const whole = new Uint8Array(Math.ceil((data.length + 17) / 128) * 128);
  whole.set(data);
  whole[data.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(whole.length - 4, data.length * 8);
  const state = first.slice();
  for (let at = 0; at < whole.length; at += 128) {
    const w = Array.from({ length: 16 }, (_, n) => view.getBigUint64(at + 8 * n));
    for (let n = 16; n < 80; n++) {
      const x = w[n - 15], y = w[n - 2];
      const s0 = turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n), s1 = turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n);
      w.push((w[n - 16] + s0 + w[n - 7] + s1) & mask);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let n = 0; n < 80; n++) {
      const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
      const t1 = h + s1 + ((e & f) ^ (~e & mask & g)) + rounds[n] + w[n];
      const s0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n);
      [a, b, c, d, e, f, g, h] = [(t1 + s0 + ((a & b) ^ (a & c) ^ (b & c))) & mask, a, b, c, (d + t1) & mask, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((each, n) => { state[n] = (state[n] + each) & mask; });
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((each, n) => out.setBigUint64(8 * n, each));
  return new Uint8Array(out.buffer);
};

const joined = (...parts) => {
  const found = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  parts.reduce((at, each) => (found.set(each, at), at + each.length), 0);
  return found;
};
const verifyHere = (publicKey, signature, message) => {
  if (signature.length !== 64) return false;
  const a = pointOf(publicKey), r = pointOf(signature.subarray(0, 32)), s = little(signature.subarray(32));
  if (!a || !r || s >= L) return false;
  const challenge = little(sha512(joined(signature.subarray(0, 32), publicKey, message))) % L;
  const left = times(s, pointOf(baseBytes())), right = plus(r, times(challenge, a));
  return [0, 1].every((n) => mod(left[n] * right[2] - right[n] * left[2]) === 0n);
};
const verify = async (publicKey, signature, message) => {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    return verifyHere(publicKey, signature, message);
  }
};
