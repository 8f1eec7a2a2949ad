import { describe, expect, test } from "vitest";
import { hmacSha1 } from "../src/lib/sha1";
import { explain, form, matches, signature, type Signed } from "../src/lib/signature";
import { bars, stages } from "../src/lib/waterfall";

describe("HMAC-SHA1", () => {
  const encoder = new TextEncoder();

  async function theirs(key: string, text: string): Promise<string> {
    const secret = await crypto.subtle.importKey("raw", encoder.encode(key), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
    return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", secret, encoder.encode(text)))));
  }

  test("is the browser's own, for every length around a block", async () => {
    for (let length = 1; length < 200; length++) {
      const text = "é".repeat(length % 7) + "x".repeat(length);
      const key = "k".repeat(1 + (length % 90));
      expect(hmacSha1(key, text)).toBe(await theirs(key, text));
    }
  });
});

// Twilio: "Security", the example of a form.
const SENT: Signed = {
  url: "https://example.com/myapp.php?foo=1&bar=2",
  token: "12345",
  pairs: form("CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212"),
};
const HEADER = "L/OH5YylLD5NRKLltdqwSvS0BnU=";

describe("a signature", () => {
  test("is Twilio's", () => expect(signature(SENT)).toBe(HEADER));
  test("does not mind the order of the form", () => expect(signature({ ...SENT, pairs: [...SENT.pairs].reverse() })).toBe(HEADER));
  test("matches with the standard port", () => expect(matches({ ...SENT, url: SENT.url.replace(".com", ".com:443") }, HEADER)).toBe(true));
  test("that matches needs no explanation", () => expect(explain(SENT, SENT, HEADER)).toEqual([]));
});

describe("why it does not match", () => {
  const why = (change: Partial<Signed>): string => explain(SENT, { ...SENT, ...change }, HEADER).map((one) => `${one.what} ${one.advice}`).join("\n");
  test.each<[string, Partial<Signed>, RegExp]>([
    ["another scheme", { url: "http://example.com/myapp.php?foo=1&bar=2" }, /scheme is http, and https.*X-Forwarded-Proto/],
    ["another host", { url: "https://app.internal/myapp.php?foo=1&bar=2" }, /host is app\.internal/],
    ["a slash", { url: "https://example.com/myapp.php/?foo=1&bar=2" }, /slash at the end/],
    ["a path that was cut", { url: "https://example.com/php?foo=1&bar=2" }, /path is \/php/],
    ["no query", { url: "https://example.com/myapp.php" }, /query \?foo=1&bar=2 is missing/],
    ["a fragment", { url: `${SENT.url}#rc=2` }, /fragment/],
    ["no address", { url: "/myapp.php" }, /no absolute address/],
    ["another token", { token: "54321" }, /token is another one/],
    ["blanks", { token: "12345\n" }, /blanks around it/],
    ["a value that was trimmed", { pairs: SENT.pairs.map(([name, value]) => [name, name === "To" ? `${value} ` : value]) }, /To is/],
    ["a plus decoded twice", { pairs: SENT.pairs.map(([name, value]) => [name, value.replace("+", " ")]) }, /plus was decoded twice/],
    ["a parameter too few", { pairs: SENT.pairs.slice(1) }, /Missing from the form: CallSid/],
    ["a parameter too many", { pairs: [...SENT.pairs, ["foo", "1"]] }, /Not in the form that was sent: foo/],
  ])("%s", (_, change, told) => expect(why(change)).toMatch(told));

  test("another port", () => {
    const sent = { ...SENT, url: "http://example.com:4000/sms" };
    const found = explain(sent, { ...sent, url: "http://example.com:3000/sms" }, signature(sent));
    expect(found.map((one) => one.what)).toEqual(["The port is 3000, and 4000 was signed."]);
  });
  test("empty values that were dropped", () => {
    const sent = { ...SENT, pairs: [...SENT.pairs, ["FromCity", ""] as [string, string]] };
    expect(explain(sent, SENT, signature(sent))[0]?.advice).toMatch(/Empty values count/);
  });
  test("a token that was changed since", () => {
    const now = { ...SENT, token: "new" };
    expect(explain(now, now, HEADER)[0]?.what).toMatch(/another token than the account has now/);
  });
});

describe("a waterfall", () => {
  test("has a stage from each point to the next", () =>
    expect(stages({ resolved: 2, connected: 5, secured: 20, first_byte: 50, done: 60, reused: false })).toEqual([
      { name: "Name looked up", from: 0, to: 2 },
      { name: "Connected", from: 2, to: 5 },
      { name: "TLS agreed", from: 5, to: 20 },
      { name: "Waited for the answer", from: 20, to: 50 },
      { name: "Read the answer", from: 50, to: 60 },
    ]));
  test("of a kept connection has no connecting", () =>
    expect(stages({ first_byte: 5, done: 6, reused: true }).map((stage) => stage.name)).toEqual(["Waited for the answer", "Read the answer"]));
  test("stays within its box", () => {
    for (const bar of bars(stages({ resolved: 0, connected: 0.01, first_byte: 100, done: 100 }))) {
      expect(bar.left + bar.width).toBeLessThanOrEqual(100.001);
      expect(bar.width).toBeGreaterThan(0);
    }
  });
});
