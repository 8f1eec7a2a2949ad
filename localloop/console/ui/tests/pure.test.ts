import { describe, expect, test } from "vitest";
import { Waiting } from "../src/lib/batches";
import { choose, fields, listed, request, skeleton } from "../src/lib/explore";
import { happenings } from "../src/lib/happenings";
import { shape } from "../src/lib/highlight";
import { Keyboard } from "../src/lib/keys";
import { shownAt } from "../src/lib/pictures";
import { href, parse, phonesHref } from "../src/lib/router";
import { count } from "../src/lib/segments";
import { curl, quoted, sendSnippet } from "../src/lib/shell";
import { Texts } from "../src/lib/thread";
import { day, moment, span, utc } from "../src/lib/time";
import { reveal, visible } from "../src/lib/viewport";
import type { Batch, Catalogue, Message, Operation, PhoneMessage } from "../src/lib/types";

describe("addresses", () => {
  test.each([
    ["/console/", "start", []],
    ["/console", "start", []],
    ["/console/phones/+15551230001,+15551230002", "phones", ["+15551230001", "+15551230002"]],
    ["/console/messages", "messages", []],
    ["/console/requests/RQ1", "request", ["RQ1"]],
    ["/console/messages/SM1", "message", ["SM1"]],
    ["/console/account/keys", "keys", []],
    ["/console/explorer/api/v2010.Message/CreateMessage", "explorer", ["api", "v2010.Message", "CreateMessage"]],
    ["/console/messaging", "services", []],
    ["/console/messaging/opt-outs", "opt-outs", []],
    ["/console/messaging/nothing", "unknown", []],
    ["/console/nowhere", "unknown", []],
    ["/console/messages/%E0%A4%A", "message", ["%E0%A4%A"]],
  ])("%s", (path, page, parts) => expect(parse(path)).toMatchObject({ page, parts }));

  test("are read back as they were written", () => {
    const address = href("messages", [], { q: 'to:+1 body:"a&b"' });
    expect(address).toBe("/console/messages?q=to:+1%20body:%22a%26b%22");
    expect(parse("/console/messages", address.slice(address.indexOf("?"))).query.get("q")).toBe('to:+1 body:"a&b"');
  });
  test("keep the plus of a number", () => expect(phonesHref(["+1555", "+1666"])).toBe("/console/phones/+1555,+1666"));
});

describe("time", () => {
  const now = new Date(2026, 2, 3, 15, 0);
  test("names the near days", () => {
    expect(day(new Date(2026, 2, 3, 1), now)).toBe("Today");
    expect(day(new Date(2026, 2, 2, 23), now)).toBe("Yesterday");
  });
  test("has seconds today only", () => {
    expect(moment(new Date(2026, 2, 3, 9, 5, 7), now)).toMatch(/05.07$/);
    expect(moment(new Date(2025, 2, 3, 9, 5, 7), now)).toMatch(/2025.*05$/);
  });
  test("tells UTC", () => expect(utc(new Date("2026-03-03T09:05:07.123Z"))).toBe("2026-03-03 09:05:07.123 UTC"));
  test.each([
    [0, "< 1 ms"],
    [3.25, "3.3 ms"],
    [380, "380 ms"],
    [1400, "1.4 s"],
    [180_000, "3 min"],
  ])("%d ms is %s", (ms, text) => expect(span(ms)).toBe(text));
});

describe("segments", () => {
  test.each([
    ["a".repeat(160), "GSM-7", 1],
    ["a".repeat(161), "GSM-7", 2],
    ["€".repeat(80), "GSM-7", 1],
    ["ж".repeat(71), "UCS-2", 2],
    ["🚲", "UCS-2", 1],
  ])("%#", (body, encoding, parts) => expect(count(body)).toMatchObject({ encoding, parts }));
});

describe("shell lines", () => {
  const as = { sid: "AC1", token: "t", baseUrl: "http://127.0.0.1:4010" };
  test("quote what a shell would read", () => expect(quoted("it's $5")).toBe(`'it'\\''s $5'`));
  test("say the method only when it is not the usual one", () => {
    expect(curl(as, "DELETE", "/x")).toContain("-X DELETE");
    expect(curl(as, "POST", "/x", { A: "1" })).not.toContain("-X");
  });
  test.each(["curl", "Python", "Node"] as const)("%s holds the credentials and the text", (language) => {
    const snippet = sendSnippet(language, as, { from: "+1", to: "+2", body: 'Say "hi"' });
    expect(snippet).toContain("AC1");
    expect(snippet).toContain(language === "curl" ? 'Say "hi"' : 'Say \\"hi\\"');
  });
});

describe("the keyboard", () => {
  test("g then a letter goes", () => {
    const keyboard = new Keyboard();
    expect(keyboard.press("g", 0)).toBeNull();
    expect(keyboard.press("m", 400)).toEqual({ kind: "go", page: "messages" });
  });
  test("but not after a while", () => {
    const keyboard = new Keyboard();
    keyboard.press("g", 0);
    expect(keyboard.press("m", 5000)).toBeNull();
  });
});

describe("the window on a long list", () => {
  test("has the rows in view and a few around", () => {
    const window = visible(10_000, 44, 44_000, 880);
    expect(window.first).toBe(994);
    expect(window.first + window.count).toBeGreaterThanOrEqual(1020);
  });
  test("reaches the last of a million", () => {
    const total = 1_000_000;
    const { height } = visible(total, 44, 0, 880);
    const end = visible(total, 44, height - 880, 880);
    expect(end.first + end.count).toBe(total);
  });
  test("scrolls no more than it must", () => {
    expect(reveal(5, 100, 44, 0, 880)).toBe(0);
    expect(reveal(30, 100, 44, 0, 880)).toBe(31 * 44 - 880);
  });
});

describe("ticks of the feed", () => {
  const tick = (from: number, many: number): Partial<Batch> => ({
    messages: Array.from({ length: many }, (_, at) => ({ sid: `SM${from + at}` }) as Message),
    skipped: { messages: 7 },
  });
  test("are one: the last state of each row, and the sum of what was left out", () => {
    const waiting = new Waiting();
    waiting.add(tick(0, 2));
    waiting.add(tick(1, 2));
    const taken = waiting.take();
    expect(taken.messages.map((one) => one.sid)).toEqual(["SM0", "SM1", "SM2"]);
    expect(taken.skipped.messages).toBe(14);
    expect(waiting.take().messages).toEqual([]);
  });
  test("never hold more than a thousand", () => {
    const waiting = new Waiting();
    for (let at = 0; at < 20; at++) waiting.add(tick(at * 200, 200));
    const taken = waiting.take();
    expect(taken.messages).toHaveLength(1000);
    expect(taken.messages.at(-1)?.sid).toBe("SM3999");
    expect(taken.skipped.messages).toBe(3000 + 20 * 7);
  });
});

describe("the live feed's rows", () => {
  const at = (sid: string, second: number, more: object): never => ({ sid, date_created: `2026-01-01T00:00:0${second}Z`, ...more }) as never;
  const nothing = { messages: [], calls: [], deliveries: [], requests: [], gone: [] };
  test("a refused request is among them, one that changed something is not", () => {
    const requests = [at("RQ1", 1, { status_code: 400 }), at("RQ2", 2, { status_code: 200 })];
    const stream = happenings([], { ...nothing, messages: [at("SM1", 0, {})], requests }, 10);
    expect(stream.map((one) => one.sid)).toEqual(["RQ1", "SM1"]);
  });
  test("a deleted message leaves, also when its last state came in the same frame", () => {
    const known = happenings([], { ...nothing, messages: [at("SM1", 0, {}), at("SM2", 1, {})] }, 10);
    expect(happenings(known, { ...nothing, gone: ["SM2"] }, 10).map((one) => one.sid)).toEqual(["SM1"]);
    const waiting = new Waiting();
    waiting.add({ messages: [at("SM3", 2, {})] });
    waiting.add({ gone: ["SM3"] });
    const batch = waiting.take();
    expect([batch.messages, batch.gone]).toEqual([[], ["SM3"]]);
    expect(waiting.take().gone).toEqual([]);
  });
});

describe("what a phone holds", () => {
  const text = (changes: Partial<PhoneMessage>): PhoneMessage => ({
    sid: "PM1", number: "+1", direction: "received", peer: "+9", body: "Hi", media: [], message_sid: "SM1", status: "sent",
    error_code: null, error_title: null, num_segments: 1, date_created: "2026-01-01T00:00:00Z", ...changes,
  });
  test("threads by peer, the newest first", () => {
    const texts = new Texts();
    texts.put(text({}));
    texts.put(text({ sid: "PM2", message_sid: "SM2", peer: "+8", date_created: "2026-01-02T00:00:00Z" }));
    expect(texts.threads().map((one) => one.peer)).toEqual(["+8", "+9"]);
  });
  test("a message's new status reaches its bubble", () => {
    const texts = new Texts();
    texts.put(text({}));
    const message = { sid: "SM1", status: "delivered", error_code: null, error_title: null, num_segments: 1 } as Message;
    expect(texts.follow("+1", message)).toBe(true);
    expect(texts.threads()[0]?.last.status).toBe("delivered");
  });
  test("a text that never arrived shows its error once", () => {
    const texts = new Texts();
    const message = { sid: "SM3", status: "undelivered", to: "+1", from: "+9", direction: "outbound-api", error_code: 30003, date_created: "2026-01-01T00:00:00Z" } as Message;
    texts.follow("+1", message);
    texts.follow("+1", message);
    expect(texts.size).toBe(1);
    expect(new Texts().follow("+2", message)).toBe(false);
  });
});

describe("bodies", () => {
  test("a form is pairs", () => expect(shape("From=%2B1&Body=a+b")).toEqual({ kind: "form", pairs: [["From", "+1"], ["Body", "a b"]] }));
  test("JSON is indented", () => expect(shape('{"a":1}')).toMatchObject({ kind: "json" }));
  test("TwiML is markup, shown as text", () => {
    const shown = shape('<Response><Message to="+1">a</Message></Response>');
    expect(shown).toMatchObject({ kind: "xml" });
    expect(shown.kind !== "form" && shown.pieces.map((one) => one.text).join("")).toBe('<Response><Message to="+1">a</Message></Response>');
  });
});

describe("the explorer", () => {
  const operation = (changes: Partial<Operation>): Operation => ({
    id: "sync.v1.CreateDocument", method: "POST", path: "/sync/v1/Services/{ServiceSid}/Documents", summary: "Create document", behaves: false, body: "form",
    params: [
      { name: "ServiceSid", in: "path", type: "string", required: true },
      { name: "UniqueName", in: "form", type: "string", required: false },
      { name: "Tags", in: "form", type: "array", required: false },
      { name: "Parameters", in: "form", type: "object", required: false, prefix: "Parameters" },
    ],
    ...changes,
  });
  const catalogue: Catalogue = {
    products: [{ name: "sync", title: "Sync", resources: [{ key: "sync.v1.Document", name: "Document", version: "v1", path: "", operations: [operation({}), operation({ id: "sync.v1.ListDocument", method: "GET" })] }] }],
  };
  test("an address names an operation; without one the list is shown", () => {
    expect(choose(catalogue, ["sync", "v1.Document", "CreateDocument"]).operation?.id).toBe("sync.v1.CreateDocument");
    expect(choose(catalogue, ["sync", "v1.Document"]).operation?.id).toBe("sync.v1.ListDocument");
    expect(choose(catalogue, ["sync", "v1.Nothing"])).toEqual({ product: catalogue.products[0] });
  });
  test("a form becomes a request", () =>
    expect(request(operation({}), { ServiceSid: "IS/1", UniqueName: "a", Tags: "x\ny\n", Parameters: "k=v=w" }, "")).toMatchObject({
      path: "/sync/v1/Services/IS%2F1/Documents",
      form: { UniqueName: "a", Tags: ["x", "y"], "Parameters.k": "v=w" },
    }));
  test("a JSON body begins with its fields", () => expect(JSON.parse(skeleton(operation({ body: "json" })))).toMatchObject({ UniqueName: "", Tags: [] }));
  test("what is wanted comes first", () => expect(fields(operation({})).required.map((one) => one.name)).toEqual(["ServiceSid"]));
  test("a list is a table", () =>
    expect(listed({ documents: [{ sid: "ET1", status: "on" }], meta: { next_page_url: "http://x/y" } })).toMatchObject({ columns: ["sid", "status"], next: "http://x/y" }));
  test("one record is none", () => expect(listed({ sid: "ET1", links: {} })).toBeNull());
});

describe("pictures", () => {
  const base = "http://127.0.0.1:4010";
  const here = "http://localhost:4010/console/phones";
  test.each([
    [`${base}/console/pictures/abc.png`, "/console/pictures/abc.png"],
    [`${base}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1`, "/console/api/rest/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"],
    ["https://elsewhere.example/console/pictures/abc.png", null],
    [`${base}/console/api/session`, null],
    ["javascript:alert(1)", null],
    ["http://[", null],
  ])("%s", (url, shown) => expect(shownAt(url, base, here)).toBe(shown));
});
