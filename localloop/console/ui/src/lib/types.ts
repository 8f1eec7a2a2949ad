/** What the console's own endpoints answer. Dates are ISO 8601 in UTC. Calls stand in `voice.ts`. */

import type { Call } from "./voice";

export interface Session {
  account: { sid: string; friendly_name: string; auth_token: string; status: string; type: string };
  csrf: string;
  base_url: string;
  version: string;
  mode: string;
  world_sid: string;
}

export interface Message {
  sid: string;
  account_sid: string;
  direction: string;
  from: string | null;
  to: string | null;
  body: string | null;
  status: string;
  error_code: number | null;
  error_title: string | null;
  num_segments: number;
  num_media: number;
  price: string | null;
  price_unit: string | null;
  date_created: string;
  date_sent: string | null;
  date_updated: string | null;
  messaging_service_sid: string | null;
  /** When a scheduled one is to be sent. */
  send_at: string | null;
}

export type StoryKind = "request" | "state" | "carrier" | "callback" | "instruction" | "fault";

export interface StoryEvent {
  at: string;
  kind: StoryKind;
  title: string;
  detail: Record<string, unknown>;
}

export interface Story {
  message: Message;
  media: { sid: string; content_type: string; url: string }[];
  timeline: StoryEvent[];
}

export interface Delivery {
  sid: string;
  account_sid: string;
  kind: string;
  resource_sid: string | null;
  url: string;
  method: string;
  attempt: number;
  status_code: number | null;
  error_code: number | null;
  error: string | null;
  error_title: string | null;
  duration_ms: number | null;
  date_created: string;
  has_detail: boolean;
  replay_of: string | null;
}

export interface Alert {
  sid: string;
  error_code: number;
  error_title: string | null;
  log_level: string;
  delivery_sid: string | null;
}

/** A request that the API answered; the record keeps those that wrote and those that were refused. */
export interface ApiRequest {
  sid: string;
  account_sid: string;
  operation: string;
  method: string;
  path: string;
  /** The path below the account, with SIDs cut short: what a reader looks for. */
  name: string;
  status_code: number;
  error_code: number | null;
  error: string | null;
  error_title: string | null;
  resource_sid: string | null;
  caller: string | null;
  from_console: boolean;
  duration_ms: number;
  date_created: string;
  has_detail: boolean;
}

export type Headers = [string, string][] | Record<string, string>;

/** What went to and fro. A body is null when there was none, or when it is of a kind that is not kept. */
export interface Exchanged {
  request: { method: string; url: string; headers: Headers; body: string | null; truncated?: boolean };
  response: { status: number; headers: Headers; body: string | null; truncated: boolean } | null;
  timings: Record<string, number | boolean | null> | null;
}

export interface DeliveryDetail extends Delivery {
  detail: Exchanged | null;
  curl: string;
  /** Every attempt at the same webhook, retries and replays, too; the oldest first. */
  attempts: Delivery[];
  alerts: Alert[];
  /** Why it cannot be sent again; null when it can. */
  unrepeatable: string | null;
}

/** What the lab answers to a wish to send deliveries again. */
export interface Replayed {
  replayed: number;
  skipped: Record<string, number> | null;
  more: boolean;
}

export interface ApiRequestDetail extends ApiRequest {
  more_info: string | null;
  detail: Exchanged | null;
  curl: string | null;
}

export interface PhoneMessage {
  sid: string;
  number: string;
  direction: "received" | "sent";
  peer: string;
  body: string | null;
  media: (string | { url: string; content_type?: string })[];
  message_sid: string | null;
  status: string | null;
  error_code: number | null;
  error_title: string | null;
  num_segments: number | null;
  date_created: string;
}

export interface Phone {
  number: string;
  behavior: string;
  delay: number | null;
  last: PhoneMessage | null;
  last_call: Call | null;
  owned: boolean;
}

export interface Param {
  name: string;
  in: "path" | "query" | "form" | "header";
  type: string;
  required: boolean;
  enum?: string[];
  format?: string;
  /** Of a "prefixed-map": its fields are called `{prefix}.{name}`. */
  prefix?: string;
  minimum?: number;
  maximum?: number;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  behaves: boolean;
  body: "form" | "json" | "none";
  params: Param[];
}

export interface Resource {
  key: string;
  name: string;
  version: string;
  path: string;
  operations: Operation[];
}

export interface Product {
  name: string;
  title: string;
  resources: Resource[];
}

export interface Catalogue {
  products: Product[];
}

/** What one tick of the feed brings: new rows and changed rows alike. */
export interface Batch {
  messages: Message[];
  deliveries: Delivery[];
  phone_messages: PhoneMessage[];
  requests: ApiRequest[];
  calls: Call[];
  /** SIDs of messages and calls that were deleted. */
  gone: string[];
  skipped: { messages?: number; deliveries?: number; phone_messages?: number; requests?: number; calls?: number };
}

export interface IncomingNumber {
  sid: string;
  phone_number: string;
  friendly_name: string;
  sms_url: string | null;
  sms_method: string | null;
  sms_fallback_url: string | null;
  sms_fallback_method: string | null;
  status_callback: string | null;
  voice_url: string | null;
  voice_method: string | null;
}

/** Of the Messaging API; what the page shows of it. */
export interface MessagingService {
  sid: string;
  friendly_name: string;
  inbound_request_url: string | null;
  fallback_url: string | null;
  status_callback: string | null;
  sticky_sender: boolean;
  area_code_geomatch: boolean;
  smart_encoding: boolean;
  use_inbound_webhook_on_number: boolean;
}

/** What a person wants of a sender, as the lab lists it. */
export interface Consent {
  recipient: string;
  sender: string;
  status: "opt-in" | "opt-out";
  source: string;
  date_of_consent: string | null;
  date_updated: string;
}

/** A template of the Content API; `types` holds what is sent, by kind. */
export interface Template {
  sid: string;
  friendly_name: string | null;
  language: string;
  variables: Record<string, string> | null;
  types: Record<string, Record<string, unknown>>;
  approval_requests: { status: string; rejection_reason: string };
}

export interface ApiKey {
  sid: string;
  friendly_name: string | null;
  date_created: string;
  secret?: string;
}
