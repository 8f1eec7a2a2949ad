/** Text in coloured pieces. Pure; what is drawn is always text, never markup. */

export interface Piece {
  kind: "plain" | "key" | "string" | "number" | "word" | "tag";
  text: string;
}

const JSON_TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/gu;
const XML_TOKEN = /(<\/?[\w:.-]+|\/?>|<\?[^>]*\?>)|("[^"]*")/gu;

function split(text: string, token: RegExp, kindOf: (found: RegExpMatchArray) => Piece["kind"]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of text.matchAll(token)) {
    if (found.index > at) pieces.push({ kind: "plain", text: text.slice(at, found.index) });
    pieces.push({ kind: kindOf(found), text: found[0] });
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push({ kind: "plain", text: text.slice(at) });
  return pieces;
}

export function json(text: string): Piece[] {
  return split(text, JSON_TOKEN, (found) => {
    if (found[1]) return found[2] ? "key" : "string";
    return /^[-\d]/u.test(found[0]) ? "number" : "word";
  });
}

export function xml(text: string): Piece[] {
  return split(text, XML_TOKEN, (found) => (found[1] ? "tag" : "string"));
}

const FORM_PAIR = /^[^=&\s<{]+=[^&\s]*(?:&[^=&\s]+=[^&\s]*)*$/u;

export type Shape = { kind: "form"; pairs: [string, string][] } | { kind: "json" | "xml" | "text"; pieces: Piece[] };

/** What a body is, by looking at it: a form is shown as pairs, JSON indented, TwiML in colour. */
export function shape(body: string): Shape {
  const trimmed = body.trim();
  if (/^[{[]/u.test(trimmed)) {
    try {
      return { kind: "json", pieces: json(JSON.stringify(JSON.parse(trimmed), null, 2)) };
    } catch {
      return { kind: "text", pieces: [{ kind: "plain", text: body }] };
    }
  }
  if (trimmed.startsWith("<")) return { kind: "xml", pieces: xml(body) };
  if (FORM_PAIR.test(trimmed)) return { kind: "form", pairs: [...new URLSearchParams(trimmed)] };
  return { kind: "text", pieces: [{ kind: "plain", text: body }] };
}
