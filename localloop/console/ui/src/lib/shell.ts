/** Requests as a reader would type them: curl lines and short programs, quoted so that they paste as they are. */

import { encode, type Form } from "./api";

export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;

export interface Credentials {
  sid: string;
  token: string;
  baseUrl: string;
}

export function curl(
  as: Credentials,
  method: string,
  path: string,
  form: Form = {},
  headers: Record<string, string> = {},
  json: string | null = null,
): string {
  const fields = [...encode(form)];
  const lines = [`curl ${quoted(`${as.baseUrl}/${path.replace(/^\//, "")}`)}`];
  if (method !== (fields.length || json !== null ? "POST" : "GET")) lines[0] = `${lines[0]} -X ${method}`;
  for (const [name, value] of Object.entries(headers)) lines.push(`  -H ${quoted(`${name}: ${value}`)}`);
  if (json !== null) lines.push(`  -H 'Content-Type: application/json'`, `  --data ${quoted(json)}`);
  lines.push(`  -u ${quoted(`${as.sid}:${as.token}`)}`);
  for (const [name, value] of fields) lines.push(`  --data-urlencode ${quoted(`${name}=${value}`)}`);
  return lines.join(" \\\n");
}

export interface Text {
  from: string;
  to: string;
  body: string;
}

export type Language = "curl" | "Python" | "Node";
export const LANGUAGES: Language[] = ["curl", "Python", "Node"];

/** A whole program that sends one text, with the credentials already in it. */
export function sendSnippet(language: Language, as: Credentials, text: Text): string {
  if (language === "curl")
    return curl(as, "POST", `2010-04-01/Accounts/${as.sid}/Messages.json`, { From: text.from, To: text.to, Body: text.body });
  if (language === "Python")
    return `from twilio.rest import Client

client = Client("${as.sid}", "${as.token}")
client.api.base_url = "${as.baseUrl}"

client.messages.create(
    from_="${text.from}",
    to="${text.to}",
    body=${JSON.stringify(text.body)},
)`;
  return `const client = require("twilio")(
  "${as.sid}",
  "${as.token}",
);
client.api.baseUrl = "${as.baseUrl}";

client.messages.create({
  from: "${text.from}",
  to: "${text.to}",
  body: ${JSON.stringify(text.body)},
});`;
}

export const ENVIRONMENT = (as: Credentials): string =>
  `export TWILIO_ACCOUNT_SID=${quoted(as.sid)}\nexport TWILIO_AUTH_TOKEN=${quoted(as.token)}`;
