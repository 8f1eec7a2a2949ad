import { describe, expect, test } from "vitest";
import { complete, deliveryTest, has, MESSAGE_HINTS, messageTest, settled, suggest, terms, toggle } from "../src/lib/search";
import type { Delivery, Message } from "../src/lib/types";

const message = (changes: Partial<Message> = {}): Message => ({
  sid: "SM01",
  account_sid: "AC1",
  direction: "outbound-api",
  from: "+15551230000",
  to: "+15551230001",
  body: "Your code is 482915",
  status: "delivered",
  error_code: null,
  error_title: null,
  num_segments: 1,
  num_media: 0,
  price: null,
  price_unit: null,
  date_created: new Date().toISOString(),
  date_sent: null,
  date_updated: null,
  messaging_service_sid: null,
  send_at: null,
  ...changes,
});

const delivery = (changes: Partial<Delivery> = {}): Delivery =>
  ({ sid: "WH01", kind: "notification", url: "http://a.example/sms", status_code: 200, error_code: null, error: null, date_created: new Date().toISOString(), resource_sid: "SM01", ...changes }) as Delivery;

describe("terms", () => {
  test("keys, quotes and bare words", () =>
    expect(terms('to:+1 body:"your code" hello', MESSAGE_HINTS).map(({ key, value }) => [key, value])).toEqual([
      ["to", "+1"],
      ["body", "your code"],
      ["", "hello"],
    ]));
  test("a stranger is known as one", () => expect(terms("colour:red", MESSAGE_HINTS)[0]?.known).toBe(false));
  test("an address is no term", () => expect(terms("http://a.example", MESSAGE_HINTS)[0]).toMatchObject({ key: "", known: true }));
});

test.each([
  ["status:", ""],
  ["to:+1 status:", "to:+1"],
  ['body:"your co', ""],
  ["to:+1", "to:+1"],
])("what of %s can be asked already", (typed, asked) => expect(settled(typed)).toBe(asked));

describe("a live row belongs to a search", () => {
  test.each<[string, Partial<Message>, boolean]>([
    ["", {}, true],
    ["to:+1555", {}, true],
    ["to:+555", {}, false],
    ["to:0001", {}, true],
    ["to:+1555", { to: "whatsapp:+15551230001" }, true],
    ["status:failed,undelivered", { status: "undelivered" }, true],
    ["status:failed", {}, false],
    ["direction:outbound", {}, true],
    ["error:any", {}, false],
    ["error:30003", { error_code: 30003 }, true],
    ["CODE", {}, true],
    ["since:1h", {}, true],
    ["since:1h", { date_created: "2020-01-01T00:00:00Z" }, false],
    ["until:2021-01-01", { date_created: "2020-01-01T00:00:00Z" }, true],
    ["unknown:term", {}, false],
  ])("%s", (query, changes, belongs) => expect(messageTest(query)(message(changes))).toBe(belongs));

  test.each<[string, Partial<Delivery>, boolean]>([
    ["status:failed", {}, false],
    ["status:failed", { status_code: null }, true],
    ["status:5xx", { status_code: 503 }, true],
    ["status:ok url:/sms", {}, true],
    ["kind:instruction", {}, false],
    ["resource:SM01", {}, true],
  ])("%s", (query, changes, belongs) => expect(deliveryTest(query)(delivery(changes))).toBe(belongs));
});

describe("hints", () => {
  test("of keys", () => expect(suggest("to:+1 sta", 9, MESSAGE_HINTS).map((one) => one.text)).toEqual(["status:"]));
  test("of values", () => expect(suggest("status:un", 9, MESSAGE_HINTS).map((one) => one.text)).toEqual(["status:undelivered "]));
  test("take the place of the word before the caret", () =>
    expect(complete("to:+1 sta body:x", 9, "status:")).toEqual({ query: "to:+1 status: body:x", caret: 13 }));
});

describe("filter buttons", () => {
  test("set, replace and take away", () => {
    const failed = toggle("to:+1", "status", "failed");
    expect(failed).toBe("to:+1 status:failed");
    expect(has(failed, "status", "failed")).toBe(true);
    expect(toggle(failed, "status", "sent")).toBe("to:+1 status:sent");
    expect(toggle(failed, "status", "failed")).toBe("to:+1");
  });
});
