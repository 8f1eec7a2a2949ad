import { describe, expect, test } from "vitest";
import { copyable, pieces } from "../src/lib/findings";

const codes = (text: string): string[] =>
  pieces(text)
    .filter((one) => one.kind === "code")
    .map((one) => one.text);
const links = (text: string): string[] =>
  pieces(text)
    .filter((one) => one.kind === "link")
    .map((one) => one.text);

describe("one-time codes", () => {
  test.each([
    ["Your code is 482915", ["482915"]],
    ["482 915 is your verification code", ["482 915"]],
    ["G-482915 is your Google verification code.", ["G-482915"]],
    ["Use PIN 4829. It lasts until 2026.", ["4829"]],
    ["Ihr Einmalpasswort: 123-456", ["123-456"]],
  ])("%s", (text, found) => expect(codes(text)).toEqual(found));

  test.each([
    "Your order 482915 has left",
    "Your code costs $4829",
    "Call +15551230001 for the code",
    "The code of 19:30 and 3.1415",
    "Code: see https://example.com/482915",
  ])("none in: %s", (text) => expect(codes(text)).toEqual([]));

  test("a year is one only when nothing else is", () => expect(codes("Your code is 2026")).toEqual(["2026"]));

  test("the gap in its middle is not copied", () =>
    expect(copyable({ kind: "code", text: "482 915" })).toBe("482915"));
});

describe("links", () => {
  test("end before the full stop", () => expect(links("See https://a.example/b?c=1.")).toEqual(["https://a.example/b?c=1"]));
  test("only http and https", () => expect(links("javascript:alert(1) ftp://x.example")).toEqual([]));
});

test("the pieces are the text again", () => {
  const text = "Code 1234, https://a.example/x and <b>markup</b> 🚲\n";
  expect(pieces(text).map((one) => one.text).join("")).toBe(text);
});
