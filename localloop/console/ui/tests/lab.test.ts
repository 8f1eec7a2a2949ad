import { describe, expect, test } from "vitest";
import type { Clock, Fault } from "../src/lib/lab.svelte";
import { answerWords, dated, faultWords, matchWords, matches, repeatWords, timeWords } from "../src/lib/labwords";
import { parse } from "../src/lib/router";

const at = "2027-01-01T09:00:00Z";
const clock = (mode: Clock["mode"]): Clock => ({ mode, at, next_due: null });

describe("the banner", () => {
  test.each([
    [null, ""],
    [clock("real"), ""],
    [clock("frozen"), "Time stands: it is 2027-01-01 09:00:00 UTC"],
    [clock("offset"), "Time is not real: it is 2027-01-01 09:00:00 UTC"],
    [clock("auto"), "Time is automatic: it is 2027-01-01 09:00:00 UTC"],
  ])("of time %#", (shown, words) => expect(timeWords(shown)).toBe(words));

  test("of what goes wrong", () => {
    const fault = { sid: "LF1" } as Fault;
    expect([faultWords([]), faultWords([fault]), faultWords([fault, fault])]).toEqual([
      "",
      "1 rule makes things go wrong",
      "2 rules make things go wrong",
    ]);
  });
});

describe("what a rule asks for", () => {
  test("is read from a line", () =>
    expect(matches("To=+15551230001, Body=~yes, please, Url=a=b")).toEqual({
      "Match.To": "+15551230001",
      "Match.Body": "~yes, please",
      "Match.Url": "a=b",
    }));
  test("may be nothing", () => expect(matches(" ")).toEqual({}));
  test("has a name", () => expect(() => matches("delivered")).toThrow("write Name=value"));
  test("is shown as it may be given", () => expect(matchWords({ To: "+1", Body: ["a", "b"] })).toBe("To=+1, Body=a or b"));
});

test("a moment is shown in UTC", () => expect(dated(at)).toBe("2027-01-01 09:00:00 UTC"));

test("the page has an address", () => {
  expect(parse("/console/lab").page).toBe("lab");
  expect(parse("/console/lab/more").page).toBe("unknown");
});

describe("what was asked again", () => {
  const repeat = { sid: "RQ1", operation: "CreateMessage", attempts: 3, statuses: [503, null, 201], resource_sids: ["SM1", "SM2"], duplicates: 1, storm: false, idempotency_key: null, date_began: at };
  test("is told with its answers", () => expect(answerWords(repeat)).toBe("503, no answer, 201"));
  test("says whether one key was sent", () => {
    expect(repeatWords(repeat)).toBe("asked 3 times, without one Idempotency-Key for all");
    expect(repeatWords({ ...repeat, idempotency_key: "k1" })).toBe("asked 3 times, Idempotency-Key k1");
  });
});
