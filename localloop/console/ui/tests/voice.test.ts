import { expect, test } from "vitest";

import { isSeenBy } from "../src/lib/voice";

test("a main account sees the calls of its world, a subaccount its own", () => {
  const main = { account: { sid: "AC1" }, world_sid: "AC1" };
  const inner = { account: { sid: "AC2" }, world_sid: "AC1" };
  const calls = ["AC1", "AC2", "AC3"].map((account_sid) => ({ account_sid }));
  expect(calls.filter((call) => isSeenBy(main, call))).toHaveLength(3);
  expect(calls.filter((call) => isSeenBy(inner, call))).toEqual([{ account_sid: "AC2" }]);
});
