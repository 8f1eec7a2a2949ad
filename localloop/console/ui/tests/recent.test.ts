import { describe, expect, it } from "vitest";

import { broughtUpToDate } from "../src/lib/recent";
import type { Phone, PhoneMessage } from "../src/lib/types";
import type { Call } from "../src/lib/voice";

const text = (number: string, digits: string): PhoneMessage => ({ sid: `PM${digits.padEnd(32, "0")}`, number }) as PhoneMessage;
const phone = (number: string, digits = ""): Phone => ({
  number,
  behavior: "30003",
  delay: null,
  owned: false,
  last: digits ? text(number, digits) : null,
  last_call: null,
});
const numbers = (phones: Phone[]): string[] => phones.map((one) => one.number);

describe("the list of phones", () => {
  const listed = [phone("+3", "013"), phone("+2", "012"), phone("+1", "011"), phone("+9")];

  it("has the latest text first, in whatever order texts are told", () => {
    const told = [text("+5", "015"), text("+1", "014"), text("+6", "016")];
    expect(numbers(broughtUpToDate(listed, { texts: told }, 10))).toEqual(["+6", "+5", "+1", "+3", "+2", "+9"]);
    expect(numbers(broughtUpToDate(listed, { texts: told.reverse() }, 10))).toEqual(["+6", "+5", "+1", "+3", "+2", "+9"]);
  });

  it("is not moved by what it knew", () => {
    const again = [text("+1", "011"), text("+3", "002")];
    expect(numbers(broughtUpToDate(listed, { texts: again }, 10))).toEqual(["+3", "+2", "+1", "+9"]);
    expect(broughtUpToDate(listed, { texts: again }, 10)[0]?.last?.sid).toBe(listed[0]?.last?.sid);
  });

  it("keeps how a phone behaves, and no more than asked for", () => {
    const found = broughtUpToDate(listed, { texts: [text("+1", "020"), text("+7", "021")] }, 2);
    expect(found.map((one) => [one.number, one.behavior])).toEqual([
      ["+7", "deliver"],
      ["+1", "30003"],
    ]);
  });

  it("goes by calls, too", () => {
    const call = { sid: `CA${"015".padEnd(32, "0")}`, phone: "+1" } as Call;
    const found = broughtUpToDate(listed, { texts: [text("+2", "014")], calls: [call, call] }, 10);
    expect(numbers(found)).toEqual(["+1", "+2", "+3", "+9"]);
    expect([found[0]?.last_call, found[0]?.last]).toEqual([call, listed[2]?.last]);
  });
});
