/** Speaking with localloop: the console's own reads, and the API's operations as the session's account. */

import type { Session } from "./types";

const API = "/console/api";
const TIMEOUT_MS = 30_000;

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: number | null,
    message: string,
    readonly moreInfo: string | null = null,
  ) {
    super(message);
  }
}

/** Nothing answered: localloop is stopped, or out of reach. */
export class Unreachable extends Error {}

export type Form = Record<string, string | string[] | undefined>;

export interface Answer {
  status: number;
  headers: [string, string][];
  text: string;
  durationMs: number;
}

let csrf = "";
let whenSignedOut: () => void = () => {};
let whenDoubted: () => Promise<void> = async () => {};

export function begin(session: Session): void {
  csrf = session.csrf;
}

export function onSignedOut(act: () => void): void {
  whenSignedOut = act;
}

/** The server doubts that a write is the page's own: another tab signed in anew, and the session is another now. */
export function onDoubt(act: () => Promise<void>): void {
  whenDoubted = act;
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const asked = csrf;
  const answer = await once(path, init);
  if (answer.status !== 403 || !init.method || init.method === "GET") return answer;
  await whenDoubted();
  return csrf === asked ? answer : once(path, init);
}

async function once(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (init.method && init.method !== "GET") headers.set("X-CSRF-Token", csrf);
  try {
    return await fetch(API + path, { ...init, headers, signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable("localloop does not answer");
  }
}

async function refusal(answer: Response): Promise<Refusal> {
  const body: unknown = await answer.json().catch(() => null);
  if (typeof body !== "object" || body === null) return new Refusal(answer.status, null, answer.statusText);
  const { code, message, more_info } = body as { code?: number; message?: string; more_info?: string };
  return new Refusal(answer.status, code ?? null, message ?? answer.statusText, more_info ?? null);
}

async function json<T>(answer: Response): Promise<T> {
  if (!answer.ok) {
    if (answer.status === 401) whenSignedOut();
    throw await refusal(answer);
  }
  return (await answer.json()) as T;
}

export async function read<T>(
  path: string,
  query: Record<string, string | number | null | undefined> = {},
  signal?: AbortSignal,
): Promise<T> {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) asked.set(name, String(value));
  const suffix = asked.size ? `?${asked}` : "";
  return json<T>(await ask(path + suffix, signal ? { signal } : {}));
}

export async function session(): Promise<Session | null> {
  const answer = await ask("/session");
  return answer.status === 401 ? null : json<Session>(answer);
}

export async function signIn(names: Record<string, string>): Promise<Session> {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(names) };
  const answer = await ask("/session", init);
  if (!answer.ok) throw await refusal(answer);
  return (await answer.json()) as Session;
}

export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" });
}

export function encode(form: Form): URLSearchParams {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  }
  return body;
}

/** An operation of the API, as its caller would see it: whatever the status, it is an answer. */
export async function call(
  method: string,
  path: string,
  form: Form = {},
  headers: Record<string, string> = {},
  json: string | null = null,
): Promise<Answer> {
  const started = performance.now();
  const init: RequestInit = { method, headers: json === null ? headers : { ...headers, "Content-Type": "application/json" } };
  if (json !== null) init.body = json;
  else if (method !== "GET" && method !== "DELETE") init.body = encode(form);
  const address = `/rest/${path.replace(/^\//, "")}`;
  // A browser takes `..` out of a path, and another operation would be asked than the one that is shown.
  if (!new URL(API + address, location.href).pathname.startsWith(`${API}/rest/`) || /(?:^|\/)\.\.?(?:[/?]|$)/u.test(address))
    throw new Error("A part of a path cannot be . or ..");
  const answer = await ask(address, init);
  if (answer.status === 401) whenSignedOut();
  const text = await answer.text();
  return { status: answer.status, headers: [...answer.headers], text, durationMs: performance.now() - started };
}

/** An operation whose refusal is an error, with the answer's JSON. */
export async function operate<T>(method: string, path: string, form?: Form): Promise<T> {
  const answer = await call(method, path, form);
  const body = (answer.text ? JSON.parse(answer.text) : null) as T & { code?: number; message?: string };
  if (answer.status >= 400) throw new Refusal(answer.status, body?.code ?? null, body?.message ?? "refused");
  return body;
}

/** Keeps a picture, and answers the address under which the application finds it. */
export async function upload(picture: Blob): Promise<string> {
  const answer = await ask("/pictures", { method: "POST", body: picture });
  return (await json<{ url: string }>(answer)).url;
}

export function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
