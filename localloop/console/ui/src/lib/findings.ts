/** What a reader wants out of a text: the one-time code, the links. Pure. */

export interface Finding {
  kind: "text" | "link" | "code";
  text: string;
  /** Where a link leads. */
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>"'.,;:!?)\]}]/giu;
const CODE = /(?<![\p{L}\p{N}+$€£.,:/#-])(?:\d{3}[- ]\d{3}|\d{4,8}|[A-Z]-\d{5,6})(?![\p{L}\p{N}]|[.,:/-]\d|%)/gu;
const TALKS_OF_A_CODE =
  /\b(?:code|codes|otp|pin|passcode|password|verif\w*|confirm\w*|2fa|login|log in|sign[- ]?in|security|one[- ]time|token|código|kod|bestätigung\w*|einmal\w*)\b/iu;
const A_YEAR = /^(?:19|20)\d\d$/;

function links(text: string): { at: number; finding: Finding }[] {
  return [...text.matchAll(LINK)].map((found) => ({
    at: found.index,
    finding: { kind: "link", text: found[0], href: found[0] },
  }));
}

/** Digits are a code where the text speaks of one; a year is one only when nothing else is. */
function codes(text: string): { at: number; finding: Finding }[] {
  if (!TALKS_OF_A_CODE.test(text)) return [];
  const found = [...text.matchAll(CODE)].map((one) => ({
    at: one.index,
    finding: { kind: "code" as const, text: one[0] },
  }));
  const likely = found.filter((one) => !A_YEAR.test(one.finding.text));
  return likely.length ? likely : found;
}

/** The text in pieces, in order; joined they are the text again. */
export function pieces(text: string): Finding[] {
  const linked = links(text);
  const within = (at: number) => linked.some((one) => at >= one.at && at < one.at + one.finding.text.length);
  const found = [...linked, ...codes(text).filter((one) => !within(one.at))].sort((a, b) => a.at - b.at);
  const result: Finding[] = [];
  let at = 0;
  for (const one of found) {
    if (one.at > at) result.push({ kind: "text", text: text.slice(at, one.at) });
    result.push(one.finding);
    at = one.at + one.finding.text.length;
  }
  if (at < text.length) result.push({ kind: "text", text: text.slice(at) });
  return result;
}

/** What goes to the clipboard: a code without the gap in its middle. */
export function copyable(finding: Finding): string {
  return finding.kind === "code" ? finding.text.replace(/ /g, "") : finding.text;
}
