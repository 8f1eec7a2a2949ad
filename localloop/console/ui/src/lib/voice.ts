/** Calls as the console's endpoints answer them, and how they are told. Pure. */

import type { IconName } from "./icons";

export interface Call {
  sid: string;
  account_sid: string;
  direction: string;
  from: string;
  to: string;
  /** The handset at its other end, and whom that speaks with. */
  phone: string;
  peer: string;
  status: string;
  answered_by: string | null;
  parent_call_sid: string | null;
  duration: number | null;
  queue_ms: number;
  price: string | null;
  price_unit: string;
  start_time: string | null;
  answer_time: string | null;
  end_time: string | null;
  date_created: string;
  date_updated: string;
  /** Counts what happened to it while it lives; null when nothing more will. */
  version: number | null;
}

export type LaneKind = "phone" | "client" | "sip" | "sips" | "here" | "application";

export interface Lane {
  key: string;
  kind: LaneKind;
  name: string;
}

export interface Rung {
  at: string;
  kind: "call" | "answer" | "end" | "line" | "fetch" | "callback" | "request" | "recording" | "alert";
  from: string;
  to: string;
  title: string;
  text: string;
  tone: "good" | "bad" | "busy" | "calm" | "accent";
  call_sid?: string;
  delivery_sid?: string;
  request_sid?: string;
  recording_sid?: string;
  status_code?: number | null;
  duration_ms?: number | null;
  error_code?: number | null;
  error?: string | null;
}

export interface Verb {
  name: string;
  text: string;
  line: number;
  state: "" | "done" | "running" | "coming";
}

export interface TwimlDocument {
  at: string;
  why: string;
  source: string | null;
  url: string;
  method: string;
  delivery_sid: string | null;
  status_code: number | null;
  error_code: number | null;
  duration_ms: number | null;
  is_inline: boolean;
  /** What it does just now, where it runs. */
  runs: string | null;
  role: string;
  verbs: Verb[];
}

export interface Recording {
  sid: string;
  account_sid: string;
  call_sid: string | null;
  status: string;
  source: string | null;
  channels: number;
  duration: number | null;
  price: string | null;
  start_time: string;
  transcriptions: { sid: string; status: string; text: string }[];
}

export interface CallStory {
  call: Call & { options: Record<string, string | number> };
  parent: Call | null;
  children: Call[];
  lanes: Lane[];
  ladder: Rung[];
  documents: TwimlDocument[];
  live: { version: number; doing: string; line: number; peer_sid: string | null } | null;
  recordings: Recording[];
  alerts: { sid: string; error_code: number; error_title: string | null; log_level: string; message: string | null; at: string }[];
  conference: { sid: string; friendly_name: string } | null;
  queue: { sid: string; friendly_name: string; position: number; since: string } | null;
  now: string;
}

export interface Conference {
  sid: string;
  account_sid: string;
  friendly_name: string;
  status: string;
  region: string;
  reason: string | null;
  is_recording: boolean;
  present: number;
  on_hold: number;
  date_created: string;
  date_updated: string;
}

export interface Participant {
  call_sid: string;
  label: string;
  status: string;
  muted: boolean;
  hold: boolean;
  coaching: boolean;
  coach: string | null;
  start_on_enter: boolean;
  end_on_exit: boolean;
  date_created: string;
  call: Call | null;
}

export interface Queue {
  sid: string;
  account_sid: string;
  friendly_name: string;
  max_size: number;
  size: number;
  takers: number;
  waiting_since: string | null;
  date_created: string;
}

export interface Member {
  call_sid: string;
  position: number;
  since: string;
  call: Call | null;
}

/** A line of a call's transcript, as the phone has it. */
export interface Line {
  sid: string;
  kind: string;
  text: string;
  at: string;
}

const ENDED = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);
export const hasEnded = (call: Pick<Call, "status">): boolean => ENDED.has(call.status);

/** A main account sees the calls of its world, a subaccount its own. */
export function isSeenBy(session: { account: { sid: string }; world_sid: string }, call: { account_sid: string }): boolean {
  return session.account.sid === session.world_sid || call.account_sid === session.account.sid;
}

/** Seconds as a call's display has them: "0:07", "12:30", "1:02:03". */
export function talked(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How long after the beginning: "0.00 s" to hundredths in the first minute, then as a clock. */
export function elapsed(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : talked(ms / 1000);
}

/** Between two rungs there is a mark where this much time passed. */
const LONG_MS = 20_000;

export interface Step extends Rung {
  /** The lanes between which it is drawn, by their places. */
  left: number;
  right: number;
  way: "right" | "left" | "here";
  after: string;
  /** What passed since the step before, where that was long. */
  pause: number;
}

export function steps(lanes: Lane[], ladder: Rung[]): Step[] {
  const places = new Map(lanes.map((lane, place) => [lane.key, place]));
  const first = Date.parse(ladder[0]?.at ?? "");
  return ladder.map((rung, index) => {
    const [from, to] = [places.get(rung.from) ?? 0, places.get(rung.to) ?? 0];
    const at = Date.parse(rung.at);
    const since = index ? at - Date.parse(ladder[index - 1]?.at ?? rung.at) : 0;
    return {
      ...rung,
      left: Math.min(from, to),
      right: Math.max(from, to),
      way: from === to ? "here" : from < to ? "right" : "left",
      after: elapsed(at - first),
      pause: since >= LONG_MS ? since : 0,
    };
  });
}

/** A verb's source with the indentation of its document taken away. */
export function dedent(text: string): string {
  const [first = "", ...rest] = text.split("\n");
  const depths = rest.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length);
  const least = Math.min(...depths, Infinity);
  // The last line closes the verb: it stands where the verb itself does.
  return [first, ...rest.map((line) => line.slice(Number.isFinite(least) ? least : 0))].join("\n");
}

export interface Taking {
  value: string;
  name: string;
  meaning: string;
}

/** How a simulated phone takes calls (the lab's Takes). */
export const TAKINGS: Taking[] = [
  { value: "answers", name: "Answers", meaning: "Somebody answers by himself." },
  { value: "manual", name: "Rings here", meaning: "It rings on this page until you answer." },
  { value: "voicemail", name: "Voicemail", meaning: "A greeting, a beep, then it records." },
  { value: "machine", name: "Machine", meaning: "An answering machine with its greeting." },
  { value: "busy", name: "Busy", meaning: "Somebody is on the phone already." },
  { value: "never", name: "Nobody there", meaning: "It rings, and nobody answers." },
  { value: "rejects", name: "Rejects", meaning: "Somebody turns the call down." },
  { value: "unreachable", name: "Switched off", meaning: "It cannot be reached at all." },
  { value: "fax", name: "Fax", meaning: "A fax machine answers." },
];

export const KEYS: [string, string][] = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
];

export const LANE_ICONS: Record<LaneKind, IconName> = { phone: "phone", client: "account", sip: "landline", sips: "landline", here: "loop", application: "explorer" };

/** What somebody typed to call: a number with its country, or an address that stands as it is. */
export function dialled(typed: string): string | null {
  const text = typed.trim();
  if (/^(?:client|sips?):\S+$/u.test(text)) return text;
  const digits = text.replace(/[^\d+]/gu, "");
  const number = digits.startsWith("+") ? digits : digits.length === 10 ? `+1${digits}` : `+${digits}`;
  return /^\+[1-9]\d{6,14}$/u.test(number) ? number : null;
}
