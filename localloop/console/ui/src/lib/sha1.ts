/** HMAC-SHA1 (RFC 2104, FIPS 180-4), in Base64. The browser's own is not there on a page that came by plain HTTP. */

const BLOCK = 64;

export function sha1(message: Uint8Array): Uint8Array {
  const length = message.length;
  const padded = new Uint8Array(((length + 8) >> 6) * BLOCK + BLOCK);
  padded.set(message);
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(length / 0x20000000));
  view.setUint32(padded.length - 4, (length << 3) >>> 0);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as [number, number, number, number, number];
  const words = new Uint32Array(80);
  for (let at = 0; at < padded.length; at += BLOCK) mix(state, words, view, at);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(index * 4, word));
  return new Uint8Array(digest.buffer);
}

const turned = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

function mix(state: [number, number, number, number, number], words: Uint32Array, view: DataView, at: number): void {
  const word = (index: number): number => words[index] ?? 0;
  for (let index = 0; index < 16; index++) words[index] = view.getUint32(at + index * 4);
  for (let index = 16; index < 80; index++) words[index] = turned(word(index - 3) ^ word(index - 8) ^ word(index - 14) ^ word(index - 16), 1);
  let [a, b, c, d, e] = state;
  for (let index = 0; index < 80; index++) {
    const [chosen, constant] = round(index, b, c, d);
    const next = (turned(a, 5) + chosen + e + constant + word(index)) | 0;
    [a, b, c, d, e] = [next, a, turned(b, 30), c, d];
  }
  state[0] = (state[0] + a) >>> 0;
  state[1] = (state[1] + b) >>> 0;
  state[2] = (state[2] + c) >>> 0;
  state[3] = (state[3] + d) >>> 0;
  state[4] = (state[4] + e) >>> 0;
}

function round(index: number, b: number, c: number, d: number): [number, number] {
  if (index < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (index < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (index < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

export function hmacSha1(key: string, text: string): string {
  const encoder = new TextEncoder();
  let secret = encoder.encode(key);
  if (secret.length > BLOCK) secret = new Uint8Array(sha1(secret));
  const inner = new Uint8Array(BLOCK).fill(0x36);
  const outer = new Uint8Array(BLOCK).fill(0x5c);
  secret.forEach((byte, index) => {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  });
  const digest = sha1(joined(outer, sha1(joined(inner, encoder.encode(text)))));
  return btoa(String.fromCharCode(...digest));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
