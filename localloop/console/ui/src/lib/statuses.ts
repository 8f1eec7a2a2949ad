/** What a status means to a reader: its tone, its icon and its word. Colour never speaks alone. */

import type { IconName } from "./icons";
import type { Delivery } from "./types";

export type Tone = "good" | "bad" | "busy" | "calm";

export interface Meaning {
  tone: Tone;
  icon: IconName;
  label: string;
}

const MEANINGS: Record<string, [Tone, IconName]> = {
  created: ["calm", "plus"],
  accepted: ["calm", "clock"],
  scheduled: ["calm", "clock"],
  queued: ["busy", "clock"],
  sending: ["busy", "up"],
  sent: ["busy", "tick"],
  delivered: ["good", "ticks"],
  read: ["good", "ticks"],
  partially_delivered: ["busy", "ticks"],
  receiving: ["busy", "down"],
  received: ["good", "down"],
  undelivered: ["bad", "cross"],
  failed: ["bad", "alert"],
  canceled: ["calm", "minus"],
  redacted: ["calm", "block"],
  initiated: ["busy", "clock"],
  ringing: ["busy", "ring"],
  "in-progress": ["busy", "call"],
  completed: ["good", "tick"],
  busy: ["bad", "block"],
  "no-answer": ["bad", "missed"],
  init: ["calm", "clock"],
  unsubmitted: ["calm", "dot"],
  pending: ["busy", "clock"],
  approved: ["good", "tick"],
  rejected: ["bad", "cross"],
  paused: ["busy", "minus"],
  disabled: ["bad", "block"],
};

export function meaning(status: string): Meaning {
  const [tone, icon] = MEANINGS[status] ?? ["calm", "dot"];
  return { tone, icon, label: status.replace(/[_-]/g, " ") };
}

const FINAL = new Set(["delivered", "read", "undelivered", "failed", "canceled", "received"]);
export const isFinal = (status: string): boolean => FINAL.has(status);
export const isBad = (status: string | null): boolean => status === "failed" || status === "undelivered";

export function outcome(delivery: Pick<Delivery, "status_code" | "error_code">): Meaning {
  const code = delivery.status_code;
  if (code === null) return { tone: "bad", icon: "alert", label: "no answer" };
  if (code >= 200 && code < 300 && delivery.error_code === null) return { tone: "good", icon: "tick", label: String(code) };
  return { tone: "bad", icon: "cross", label: String(code) };
}

export interface Behavior {
  value: string;
  name: string;
  meaning: string;
  icon: IconName;
}

/** How a simulated phone takes what is sent to it (the lab's Behavior). */
export const BEHAVIORS: Behavior[] = [
  { value: "deliver", name: "Receives", meaning: "Takes every text at once.", icon: "signal" },
  { value: "slow", name: "Slow", meaning: "Takes every text, late.", icon: "clock" },
  { value: "30003", name: "Unreachable", meaning: "Switched off or out of range: undelivered, 30003.", icon: "nosignal" },
  { value: "30004", name: "Blocked", meaning: "Refuses texts from this sender: undelivered, 30004.", icon: "block" },
  { value: "30005", name: "Unknown", meaning: "The number no longer exists: undelivered, 30005.", icon: "question" },
  { value: "30006", name: "Landline", meaning: "Cannot take texts: undelivered, 30006.", icon: "landline" },
  { value: "30007", name: "Filtered", meaning: "The carrier takes it for spam: undelivered, 30007.", icon: "filter" },
  { value: "30008", name: "Unknown error", meaning: "Fails without a reason: undelivered, 30008.", icon: "alert" },
  { value: "30450", name: "Risky", meaning: "The risk check blocks messages to it: failed, 30450.", icon: "alert" },
];

export const behavior = (value: string): Behavior =>
  BEHAVIORS.find((one) => one.value === value) ?? { value, name: value, meaning: "", icon: "question" };
