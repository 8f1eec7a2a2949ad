-- The first schema. `account_sid` leads every key of volume; ids of large tables are the 32 hex digits of the SID
-- as a uuid (UUIDv7 layout), so they sort by time and partition by month.

-- store: worlds ---------------------------------------------------------------------------------------------------
create table worlds (
  world_sid     text primary key,                 -- the main account's SID
  profile       text not null default 'relaxed',  -- relaxed | twilio | us-a2p | trial
  clock_mode    text not null default 'real',     -- real | frozen | offset | auto
  clock_offset  interval not null default interval '0',
  frozen_at     timestamptz
);

create table clock_moves (                        -- in the order in which they were committed
  seq           bigint generated always as identity primary key,
  world_sid     text not null,
  id            uuid not null,                    -- carries the moment, in real time
  cause         text not null,                    -- asked | waited | restored
  clock_mode    text not null,
  clock_offset  interval not null,
  frozen_at     timestamptz,
  moved_from    timestamptz not null,             -- what the clock showed before
  moved_to      timestamptz not null
);
create index clock_moves_world on clock_moves (world_sid, id);

-- lab: waits in worlds whose clock is automatic, which leaps beyond the end of none -----------------------------------
create table lab_waits (
  id            uuid primary key,
  world_sid     text not null,
  ends_at       timestamptz not null              -- in the world's time
);
create index lab_waits_world on lab_waits (world_sid, ends_at);

-- store: plain resources ------------------------------------------------------------------------------------------
create table resources (
  account_sid   text not null,
  kind          text not null,                    -- contract kind: "sync/Document"
  sid           text not null,                    -- SID, opaque id, or the name that is the id (map item key)
  parent_sid    text not null default '',         -- innermost parent on the home path, '' at account level
  parents       text[] not null default '{}',     -- every parent id, for views under another parent
  position      uuid not null,                    -- order of creation: the SID's hex, else a fresh UUIDv7
  version       integer not null default 0,
  data          jsonb not null,
  date_created  timestamptz not null,
  date_updated  timestamptz not null,
  primary key (account_sid, kind, sid, parent_sid)
);
create index resources_children on resources (account_sid, kind, parent_sid, position);
create index resources_kind on resources (account_sid, kind, position);
create index resources_parents on resources using gin (parents) with (fastupdate = off) where parents <> '{}';

create table resource_names (                      -- unique_name and its like, unique among siblings
  account_sid   text not null,
  kind          text not null,
  parent_sid    text not null default '',
  field         text not null,
  name          text not null,
  sid           text not null,
  primary key (account_sid, kind, parent_sid, field, name)
);
create index resource_names_sid on resource_names (account_sid, kind, sid);

-- store: the group-commit writer --------------------------------------------------------------------------------
create table batch_marks (                         -- the last batch of each lane: whether it was committed, when in doubt
  lane          uuid primary key,
  batch         bigint not null
) with (fillfactor = 10);

-- store: sealing --------------------------------------------------------------------------------------------------
create table sealing_keys (                        -- keys that sealed something here; they lie in the key file
  id            text primary key,
  date_created  timestamptz not null
);

-- store: objects: bytes in the object store -----------------------------------------------------------------------
create table objects (                             -- its row is there before the bytes and goes after them
  id            uuid primary key,                 -- the key in the store is made of it
  size          integer not null,
  state         text not null default 'writing',  -- writing | kept | unwanted
  date_created  timestamptz not null              -- in real time
);
create index objects_to_sweep on objects (state, id) where state <> 'kept';

create table object_holders (                      -- who needs the bytes: an account's row of another table, by its id
  object_id     uuid not null references objects (id) on delete cascade,
  account_sid   text not null,
  holder        uuid not null,
  primary key (object_id, account_sid, holder)
);
create index object_holders_account on object_holders (account_sid);

-- jobs ------------------------------------------------------------------------------------------------------------
create table jobs (
  id            bigint generated always as identity primary key,
  account_sid   text not null,
  world_sid     text not null,
  kind          text not null,
  key           text,                             -- cancel by key
  payload       bytea not null,
  due_at        timestamptz not null,             -- in the world's time
  run_at        timestamptz not null,             -- in real time; 'infinity' while the world is frozen before due_at
  attempts      integer not null default 0,
  leased        boolean not null default false,   -- taken by a worker; run_at is when the lease runs out
  lane          text                              -- parked there until it is released, at the latest until run_at
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index jobs_due on jobs (run_at, id);
-- The expression keeps the planner from answering for one account by walking through everybody's due jobs.
create index jobs_account on jobs (account_sid, (run_at at time zone 'UTC'), id);
create index jobs_key on jobs (key) where key is not null;
create index jobs_lane on jobs (lane, id) where lane is not null;

create table dead_jobs (
  id            bigint primary key,
  account_sid   text not null,
  world_sid     text not null,
  kind          text not null,
  key           text,
  payload       bytea not null,
  due_at        timestamptz not null,
  attempts      integer not null,
  reason        text not null,
  died_at       timestamptz not null
);

create index dead_jobs_key on dead_jobs (key) where key is not null;

create table pace (                                -- virtual scheduling: the next free slot of a sender
  key           text collate "C" primary key,       -- of a sender or an account, whose SID comes first
  next_at       timestamptz not null
) with (fillfactor = 50);

-- When a sender last started, and when those may ask again who found it busy. What a crash forgets is over by then.
create unlogged table starts (
  key           text collate "C" primary key,       -- of a sender or an account, whose SID comes first
  by            bigint not null,                   -- the job
  at            timestamptz not null,
  gap           interval not null,
  next_turn     timestamptz not null
) with (fillfactor = 50);

create table pace_seconds (                        -- of limits over many senders: seconds that are partly used
  key           text collate "C" not null,
  at            timestamptz not null,
  used          double precision not null,
  primary key (key, at)
) with (fillfactor = 70);

-- products/accounts -----------------------------------------------------------------------------------------------
create table accounts (
  sid                    text primary key,
  world_sid              text not null,
  owner_account_sid      text not null,                    -- its own sid: a main account
  friendly_name          text not null,
  status                 text not null default 'active',   -- active | suspended | closed
  suspended_by           text,                             -- parent | operator
  type                   text not null default 'Full',     -- Trial | Full
  region                 text not null default 'us1',
  auth_token             bytea not null,                   -- sealed, as are all secrets here
  token_claimable        boolean not null default false,   -- open mode: the first token presented becomes this one
  secondary_auth_token   bytea,
  secondary_created      timestamptz,
  secondary_updated      timestamptz,
  test_sid               text unique,                      -- test credentials
  test_auth_token        bytea,
  token_key              bytea not null,                   -- signs the account's OAuth access tokens
  credit                 numeric(14, 5) not null default 0,
  seeded                 boolean not null default false,   -- the account that `up` prints
  date_created           timestamptz not null,
  date_updated           timestamptz not null
);
create index accounts_owner on accounts (owner_account_sid, date_created, sid);
create unique index accounts_seeded on accounts (seeded) where seeded;

create table api_keys (
  sid            text primary key,
  account_sid    text not null references accounts (sid),
  friendly_name  text,
  type           text not null default 'standard',         -- main | standard | restricted
  secret         bytea not null,
  policy         jsonb,
  region         text not null default 'us1',
  date_created   timestamptz not null,
  date_updated   timestamptz not null
);
create index api_keys_account on api_keys (account_sid, date_created, sid);

-- What open mode must not take in again.
create table revoked_keys (
  sid            text primary key
);

create table oauth_clients (
  sid               text primary key,                      -- OQ…
  account_sid       text not null references accounts (sid),
  friendly_name     text,
  type              text,
  description       text,
  policy            jsonb,
  access_token_ttl  integer not null,
  created_by        text not null,
  secret            bytea not null,
  date_created      timestamptz not null,
  date_updated      timestamptz not null
);
create index oauth_clients_account on oauth_clients (account_sid, sid);

-- products/numbers ------------------------------------------------------------------------------------------------
-- One SID may be in several worlds (a fork of a world keeps the SIDs of what is in it), so none is a key alone, but
-- for the names that prove a caller.
create table phone_numbers (                               -- IncomingPhoneNumbers: owned in a world
  sid            text not null,
  account_sid    text not null references accounts (sid),
  world_sid      text not null,
  phone_number   text not null,
  iso_country    text not null,
  type           text not null,                            -- Local | TollFree | Mobile | … | ShortCode
  sms_enabled    boolean not null default true,
  mms_enabled    boolean not null default true,
  voice_enabled  boolean not null default true,
  data           jsonb not null,                           -- friendly_name, urls and the rest, by response field name
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (world_sid, sid),
  unique (world_sid, phone_number)
);
create index phone_numbers_account on phone_numbers (account_sid, sid);

create table released_numbers (                            -- cool-down before a number returns to the inventory
  world_sid      text not null,
  phone_number   text not null,
  account_sid    text not null,                            -- who released it, and may take it back
  released_at    timestamptz not null,
  primary key (world_sid, phone_number)
);

create table caller_ids (                                  -- OutgoingCallerIds: numbers of others, verified by a code
  sid            text not null,
  account_sid    text not null references accounts (sid),
  world_sid      text not null,
  phone_number   text not null,
  friendly_name  text not null,
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (account_sid, sid),
  unique (world_sid, phone_number)
);

create table caller_id_validations (                       -- codes that somebody still has to type
  account_sid    text not null references accounts (sid),
  phone_number   text not null,
  world_sid      text not null,
  call_sid       text not null,
  friendly_name  text not null,
  code           text not null,
  expires_at     timestamptz not null,
  primary key (account_sid, phone_number)
);
create index caller_id_validations_number on caller_id_validations (world_sid, phone_number);

-- products/messaging ----------------------------------------------------------------------------------------------
create table messages (
  account_sid            text not null,
  id                     uuid not null,                    -- the SID's hex
  world_sid              text not null,
  prefix                 text not null default 'SM',       -- SM | MM
  status                 text not null,
  direction              text not null,
  from_address           text,
  to_address             text not null,
  body                   text,
  num_segments           smallint not null default 1,
  num_media              smallint not null default 0,
  price                  numeric(12, 5),
  price_unit             text,
  error_code             integer,
  messaging_service_sid  text,
  status_callback        text,
  options                jsonb,                            -- the rarer settings of the request
  history                jsonb,                            -- [[status, moment, real moment if another], …]; null in its first
  date_created           timestamptz not null,
  date_sent              timestamptz,
  date_updated           timestamptz not null,
  primary key (account_sid, id)
) partition by range (id);
create index messages_to on messages (account_sid, to_address, id);
create index messages_from on messages (account_sid, from_address, id);
create table messages_default partition of messages default;

-- products/messaging/service
create table service_senders (                             -- the pools of messaging services
  account_sid    text not null,
  service_sid    text not null,
  sid            text not null,                            -- PN, SC, AI, XE
  kind           text not null,                            -- PhoneNumber | ShortCode | AlphaSender | DestinationAlphaSender | ChannelSender
  address        text not null,                            -- as a message's From has it
  iso_country    text not null default '',                 -- of a destination alpha sender; '' = everywhere
  data           jsonb not null default '{}',              -- the rest that is shown, by response field name
  world_sid      text not null,
  number_sid     text,
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (account_sid, service_sid, sid),
  foreign key (world_sid, number_sid) references phone_numbers (world_sid, sid) on delete cascade -- a released number leaves
);
create unique index service_senders_once on service_senders (account_sid, sid); -- nobody is in two pools
create unique index service_senders_alpha on service_senders (account_sid, service_sid, kind, address, iso_country);
create index service_senders_number on service_senders (world_sid, number_sid) where number_sid is not null;

create table sticky_senders (                              -- whom a recipient knows a service by
  account_sid    text not null,
  service_sid    text not null,
  channel        text not null,                            -- sms | whatsapp | messenger | rcs
  to_address     text not null,
  sender_sid     text not null,
  date_created   timestamptz not null,
  primary key (account_sid, service_sid, channel, to_address),
  foreign key (account_sid, service_sid, sender_sid) references service_senders on delete cascade
) with (fillfactor = 90);
create index sticky_senders_sender on sticky_senders (account_sid, service_sid, sender_sid);

create table message_usage (                               -- of messages that are gone: numbers alone
  account_sid    text not null,
  day            date not null,                            -- in the world's time
  is_inbound     boolean not null,
  is_mms         boolean not null,
  own            text not null,                            -- the account's number, or address in a channel
  count          bigint not null,
  price          numeric(14, 5) not null,
  primary key (account_sid, day, is_inbound, is_mms, own)
);

create table scheduled_messages (                          -- how many of an account's messages wait for their moment
  account_sid    text primary key,
  waiting        integer not null
) with (fillfactor = 50);

create table media (
  account_sid    text not null,
  id             uuid not null,
  message_id     uuid not null,
  content_type   text not null,
  url            text not null,                            -- where the application said it is
  object_id      uuid,                                     -- its bytes; null until they are fetched
  size           integer,
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (account_sid, message_id, id)
);

create table messaging_settings (                          -- what Twilio has no API for; null = the main account's, or default
  account_sid    text primary key,
  media_auth     boolean,                                  -- media want credentials
  media_fetch    boolean,                                  -- false: media stay where the application has them
  mms            boolean,                                  -- the account may send media
  retention_days integer,                                  -- messages go after so many days; 0 = never
  date_updated   timestamptz not null
);

create table media_uploads (                               -- what people attach to texts from phones
  name           text not null,                            -- not to be guessed: who knows it sees the picture
  account_sid    text not null references accounts (sid),
  id             uuid not null,                            -- holds the object
  object_id      uuid not null,
  size           integer not null,
  content_type   text not null,
  date_created   timestamptz not null,
  primary key (name, account_sid)                          -- in a fork of its world, too: the same bytes
);
create index media_uploads_account on media_uploads (account_sid, id);

create table message_deletions (                           -- of many messages at once, in the background
  account_sid    text not null,
  id             uuid not null,                            -- MD…
  world_sid      text not null,
  filters        jsonb not null,
  status         text not null default 'queued',           -- queued | in-progress | completed | canceled
  total          bigint,                                   -- null until they are counted
  deleted        bigint not null default 0,
  in_flight      bigint not null default 0,                -- left alone
  reached        uuid,                                     -- how far down it has come
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (account_sid, id)
);

-- products/messaging/consent --------------------------------------------------------------------------------------
create table consents (                                    -- who wants texts from whom, and who does not
  account_sid      text not null,
  recipient        text not null,                          -- the person's number or channel address
  sender           text not null,                          -- a number, short code or channel address, or a service (MG…)
  status           text not null,                          -- opt-in | opt-out
  source           text not null,                          -- opt-out-message | opt-in-message | website | offline | others
  date_of_consent  timestamptz,
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, recipient, sender)
);
create index consents_opt_outs on consents (account_sid, date_updated desc) where status = 'opt-out';

create table opt_out_handling (                            -- how a service or one sender takes keywords, if not as usual
  account_sid      text not null,
  sender           text not null,
  mode             text not null,                          -- default | advanced | off
  entries          jsonb not null default '[]',            -- keywords and replies by country and language
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, sender)
);

create table contacts (                                    -- where recipients are, as the application says
  account_sid      text not null,
  recipient        text not null,
  country_iso_code text,
  zip_code         text,
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, recipient)
);

create table deactivations (                               -- numbers of the United States that changed hands
  world_sid        text not null,
  day              date not null,
  phone_number     text not null,
  primary key (world_sid, day, phone_number)
);

-- products/messaging/permissions ----------------------------------------------------------------------------------
create table messaging_permissions (                       -- where an account may, and may not, write to
  account_sid      text not null,
  kind             text not null,                          -- country | prefix | safe
  value            text not null,                          -- ISO 3166 | digits after + | a number or the start of one
  enabled          boolean not null default true,
  sid              text,                                   -- GN… of what is safe
  date_created     timestamptz not null,
  primary key (account_sid, kind, value)
);

-- products/voice/permissions --------------------------------------------------------------------------------------
create table dialing_permissions (                         -- the countries that an account may, and may not, call
  account_sid      text not null,
  iso_code         text not null,                          -- ISO 3166
  low_risk         boolean not null,
  special          boolean not null,                       -- premium, shared cost and the like
  tollfraud        boolean not null,
  primary key (account_sid, iso_code)
);
create table dialing_settings (
  account_sid      text primary key,
  inherits         boolean not null                        -- a subaccount calls whom its main account may
);

-- products/voice -------------------------------------------------------------------------------------------------
create table call_usage (                                  -- of calls that are gone: numbers alone
  account_sid      text not null,
  day              date not null,                          -- in the world's time
  is_inbound       boolean not null,
  far              text not null,                          -- client: | sip: | '' of the telephone network
  own              text not null,                          -- the number that was reached, of what came in
  count            bigint not null,
  minutes          bigint not null,
  price            numeric(14, 5) not null,
  primary key (account_sid, day, is_inbound, far, own)
);

-- products/voice/queue --------------------------------------------------------------------------------------------
create table queues (
  account_sid      text not null,
  id               uuid not null,                          -- the SID's hex
  world_sid        text not null,
  friendly_name    text not null,
  max_size         integer not null,
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, id)
);
create unique index queues_name on queues (account_sid, friendly_name);
create table queue_members (                               -- callers who wait, in the order of their ids
  account_sid      text not null,
  queue_id         uuid not null,
  id               uuid not null,
  call_id          uuid not null,
  enqueued_at      timestamptz not null,
  primary key (account_sid, queue_id, id)
);
create unique index queue_members_call on queue_members (account_sid, call_id);
create table queue_takers (                                -- calls that wait for a caller
  account_sid      text not null,
  queue_id         uuid not null,
  id               uuid not null,
  call_id          uuid not null,
  primary key (account_sid, queue_id, id)
);
create unique index queue_takers_call on queue_takers (account_sid, call_id);

-- products/voice/conference ---------------------------------------------------------------------------------------
create table conferences (
  account_sid      text not null,
  id               uuid not null,                          -- the SID's hex
  world_sid        text not null,
  friendly_name    text not null,
  status           text not null,                          -- init | in-progress | completed
  state            bytea not null,                         -- the room, without whoever is in it
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, id)
) with (fillfactor = 50);
create unique index conferences_active on conferences (account_sid, friendly_name) where status <> 'completed';
create table conference_participants (                     -- who is in it, or is called into it
  account_sid      text not null,
  conference_id    uuid not null,
  call_id          uuid not null,
  world_sid        text not null,
  label            text,
  state            bytea not null,
  primary key (account_sid, conference_id, call_id)
) with (fillfactor = 50);
create unique index conference_participants_label on conference_participants (account_sid, conference_id, label)
  where label is not null;

-- products/voice/recording ----------------------------------------------------------------------------------------
create table recordings (
  account_sid      text not null,
  id               uuid not null,                          -- the SID's hex
  world_sid        text not null,
  call_id          uuid,
  conference_id    uuid,
  status           text not null,
  wish             jsonb not null,                         -- source, channels, track, trim, who is told
  start_time       timestamptz not null,
  stretches        jsonb not null,                         -- since when and until when each was taken
  taken_ms         integer not null,
  duration         integer,                                -- seconds
  price            numeric(12, 5),
  error_code       integer,
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, id)
);
create index recordings_call on recordings (account_sid, call_id, id) where call_id is not null;
create table transcriptions (
  account_sid      text not null,
  id               uuid not null,                          -- the SID's hex
  world_sid        text not null,
  recording_id     uuid not null,
  status           text not null,
  body             text not null,
  duration         integer not null,                       -- seconds
  price            numeric(12, 5) not null,
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, id)
);
create index transcriptions_recording on transcriptions (account_sid, recording_id, id);
create index recordings_conference on recordings (account_sid, conference_id, id) where conference_id is not null;

-- products/voice/session ------------------------------------------------------------------------------------------
create table call_sessions (
  account_sid      text not null,
  id               uuid not null,                          -- the SID's hex
  world_sid        text not null,
  call_id          uuid not null,
  prefix           text not null,                          -- MZ stream, SR SIPREC, GT transcription, VX what it is connected to
  name             text not null,
  status           text not null,
  wish             jsonb not null,                         -- how it was asked for
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, id)
);
create index call_sessions_call on call_sessions (account_sid, call_id, id);

-- products/messaging/channel ---------------------------------------------------------------------------------------
create table channel_senders (
  sid                text not null,                        -- XE…
  account_sid        text not null references accounts (sid),
  world_sid          text not null,
  address            text not null,                        -- whatsapp:+…, messenger:…, rcs:…
  status             text not null,
  verification_code  text,                                 -- that was sent to its number and is waited for
  join_code          text,                                 -- a sandbox: whom it writes to has to join with this
  data               jsonb not null,                       -- configuration, webhook, profile and the rest, as shown
  date_created       timestamptz not null,
  date_updated       timestamptz not null,
  primary key (account_sid, sid),
  unique (world_sid, address)
);

create table channel_sessions (                            -- between a sender and whoever wrote to it
  world_sid      text not null,
  sender         text not null,
  recipient      text not null,
  last_inbound   timestamptz,                              -- in the world's time: a day from then on anything may be sent
  joined_at      timestamptz,
  typing_until   timestamptz,                              -- the recipient sees that the sender is typing
  primary key (world_sid, sender, recipient)
);

-- products/messaging/link ------------------------------------------------------------------------------------------
create table link_domains (
  sid              text not null,                          -- DN…
  account_sid      text not null references accounts (sid),
  world_sid        text not null,
  domain_name      text not null,
  is_own           boolean not null default false,         -- links lead to this server itself, below /s/
  is_valid         boolean not null default true,          -- its DNS, as far as the lab says
  reason           text,                                   -- why it is not
  data             jsonb not null,                         -- config and certificate
  date_created     timestamptz not null,
  date_updated     timestamptz not null,
  primary key (account_sid, sid)
);
create index link_domains_name on link_domains (domain_name);

create table link_services (                               -- which messaging service shortens with which domain
  account_sid            text not null,
  messaging_service_sid  text not null,
  domain_sid             text not null,
  primary key (account_sid, messaging_service_sid),
  foreign key (account_sid, domain_sid) references link_domains (account_sid, sid) on delete cascade
);

create table short_links (
  code           text primary key,
  account_sid    text not null,
  world_sid      text not null,
  message_sid    text not null,
  domain_sid     text,                                     -- null: made to stand in for media, clicks are not told
  url            text not null,
  date_created   timestamptz not null,
  expires_at     timestamptz not null                      -- in the world's time
);
create index short_links_message on short_links (message_sid);
create index short_links_expiry on short_links (expires_at);

-- products/voice --------------------------------------------------------------------------------------------------
create table calls (
  account_sid       text not null,
  id                uuid not null,                         -- the SID's hex
  world_sid         text not null,
  status            text not null,                         -- `initiated` is shown as queued
  direction         text not null,
  from_address      text not null,
  to_address        text not null,
  parent_id         uuid,                                  -- the call that dialled it
  phone_number_sid  text,
  start_time        timestamptz,
  answer_time       timestamptz,
  end_time          timestamptz,
  price             numeric(12, 5),
  answered_by       text,
  queue_ms          integer not null default 0,
  options           jsonb,                                 -- the rarer settings of the request
  date_created      timestamptz not null,
  date_updated      timestamptz not null,
  primary key (account_sid, id)
) partition by range (id);
create index calls_to on calls (account_sid, to_address, id);
create index calls_from on calls (account_sid, from_address, id);
create index calls_parent on calls (account_sid, parent_id, id) where parent_id is not null;
create table calls_default partition of calls default;

-- Calls that have not ended, with all that is needed to go on with them in another process.
create table live_calls (
  account_sid       text not null,
  id                uuid not null,
  world_sid         text not null,
  version           integer not null,                      -- counts the changes: who changes it names the one he saw
  state             bytea not null,
  primary key (account_sid, id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- carriers/loopback: what the simulated handsets hold -------------------------------------------------------------
create table phones (
  world_sid      text not null,
  number         text not null,
  behavior       text not null default 'deliver',
  delay_ms       integer not null default 0,
  persona        jsonb not null default '{}',              -- what it does by itself
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (world_sid, number)
);
create table phone_messages (
  world_sid      text not null,
  number         text not null,                            -- the handset
  id             uuid not null,
  direction      text not null,                            -- received | sent
  peer           text not null,                            -- the other end
  body           text not null,
  media          jsonb not null default '[]',
  content        jsonb,                                    -- what a channel shows beside the text: buttons, cards, a place
  message_sid    text,
  answers        uuid,                                     -- the text that the phone answered by itself with this
  date_created   timestamptz not null,
  primary key (world_sid, number, id)
);
-- Rows come in its order, so it grows at one end only: what arrives anywhere in a world is seen without a scan.
create index phone_messages_world on phone_messages (world_sid, id);

-- telephony/simulated: calls as the simulated handsets have them --------------------------------------------------
create table phone_voices (                                -- how a handset takes calls, where somebody changed that
  world_sid      text not null,
  number         text not null,
  persona        jsonb not null,
  date_created   timestamptz not null,
  date_updated   timestamptz not null,
  primary key (world_sid, number)
);
create table phone_calls (
  world_sid      text not null,
  number         text not null,                            -- the handset
  id             uuid not null,                            -- of the call
  account_sid    text not null,                            -- whose call it is
  direction      text not null,                            -- received | made
  peer           text not null,
  date_created   timestamptz not null,
  primary key (world_sid, number, id)
);
create table phone_room_stays (                            -- when a handset hears what all in a room hear
  world_sid      text not null,
  call_id        uuid not null,
  since          uuid not null,                            -- past this line
  until          uuid,                                     -- up to this
  room_id        uuid not null,                            -- whose lines are those with this call_id
  primary key (world_sid, call_id, since)
);
create table phone_call_lines (                            -- what was heard and said on a handset, or in a room
  world_sid      text not null,
  call_id        uuid not null,
  id             uuid not null,                            -- in the order in which they came
  number         text not null,
  kind           text not null,
  body           text not null,
  seconds        double precision not null default 0,      -- how long it takes, once
  at             timestamptz not null,
  primary key (world_sid, call_id, id)
);

-- console: who may look at it -------------------------------------------------------------------------------------
create table console_links (                               -- one-time links; what is secret is kept as its SHA-256
  code           bytea primary key,
  account_sid    text not null references accounts (sid),
  expires_at     timestamptz not null
);
create table console_sessions (
  id             bytea primary key,
  account_sid    text not null references accounts (sid),
  csrf_token     text not null,
  auth_token     bytea,                                    -- who signed in with a token is signed out with it
  user_name      text,                                     -- and who did with a password, when it is another
  expires_at     timestamptz not null                      -- moves on while the session is used
);
create table console_users (
  name           text primary key,
  account_sid    text not null references accounts (sid),
  password       text not null,                            -- argon2id
  date_created   timestamptz not null
);

-- webhooks --------------------------------------------------------------------------------------------------------
create table deliveries (
  account_sid    text not null,
  id             uuid not null,
  kind           text not null,                            -- notification | instruction
  resource_sid   text,
  url            text not null,
  method         text not null,
  attempt        smallint not null,
  status_code    integer,
  error_code     integer,
  error          text,
  duration_ms    integer,
  detail         jsonb,                                    -- request, response, timings
  date_created   timestamptz not null,
  token          uuid,                                     -- the same for all attempts, retries and replays
  replay_of      uuid,                                     -- the delivery that this one repeats
  primary key (account_sid, id)
) partition by range (id);
-- Compact rows are in neither: they cost nothing where nothing goes wrong.
create index deliveries_detailed on deliveries (account_sid, resource_sid) where detail is not null;
create index deliveries_again on deliveries (account_sid, token)
  where error_code is not null or attempt > 1 or replay_of is not null;
create table deliveries_default partition of deliveries default;

create table webhook_settings (                            -- what Twilio has no API for; null = the main account's, or default
  account_sid      text primary key,
  retries          text,                                   -- twilio | extended
  record           text,                                   -- full | failures
  debugger_url     text,                                   -- of a main account, for its subaccounts too
  debugger_method  text,
  date_updated     timestamptz not null
);

create table alerts (                                      -- products/monitor shows them
  account_sid      text not null,
  id               uuid not null,                          -- NO…
  error_code       integer not null,
  log_level        text not null,                          -- error | warning
  resource_sid     text,
  service_sid      text,
  delivery_id      uuid,
  facts            jsonb not null,                         -- Msg, ErrorCode and more
  request_method   text,
  request_url      text,
  exchange         jsonb,                                  -- request and response
  date_generated   timestamptz not null,
  primary key (account_sid, id)
);
create index alerts_resource on alerts (account_sid, resource_sid) where resource_sid is not null;

-- rest: what was asked lately, for people; some of it when too much comes, and none of it for long ---------------
create table requests (
  account_sid    text not null,                            -- the account acted upon
  id             uuid not null,                            -- the Twilio-Request-Id's hex
  world_sid      text not null,                            -- '' where it was refused before that was known
  operation      text not null,                            -- '' for a path or method that leads nowhere
  verb           text not null,                            -- of the operation: create | update | delete | …
  method         text not null,
  path           text not null,                            -- with its query
  status         smallint not null,
  error_code     integer,
  error          text,
  resource_sid   text,                                     -- that the answer names, else the path
  caller         text,                                     -- AC… or SK…: whose credentials
  from_console   boolean not null,
  missed         integer not null,                         -- requests before it that were not recorded
  duration_ms    real not null,
  detail         jsonb,                                    -- request and response; null once the text was forgotten
  date_created   timestamptz not null,
  primary key (account_sid, id)
);
create index requests_resource on requests (resource_sid) where resource_sid is not null;
create index requests_age on requests (id);
-- What the live feed tells: refusals, and changes of what was made earlier.
create index requests_told on requests (account_sid, id) where status >= 400 or verb <> 'create';

create table forgotten (                                   -- texts that were redacted or deleted lately
  account_sid    text not null,
  id             uuid not null,                            -- carries the moment
  resource_sid   text not null,
  request_id     uuid not null,                            -- the request that did it
  primary key (account_sid, id)
);
create index forgotten_resource on forgotten (resource_sid);

-- store/answers: of requests with an idempotency key, for a day of their world's time
create table kept_answers (
  account_sid    text not null,
  key            text not null,
  world_sid      text not null,
  fingerprint    bytea not null,                           -- of what was asked
  state          text not null,                            -- claimed | unknown | done | gone
  claim          uuid not null,                            -- the request that has it
  claimed_at     timestamptz not null,                     -- in real time
  answer         bytea,                                    -- sealed
  resource_sid   text,
  expires_at     timestamptz not null,                     -- in the world's time
  primary key (account_sid, key)
);
create index kept_answers_resource on kept_answers (resource_sid) where resource_sid is not null;
create index kept_answers_expiry on kept_answers (expires_at);

-- lab/faults: what goes wrong on purpose ---------------------------------------------------------------------------
create table faults (
  world_sid      text not null,
  sid            text not null,                            -- LF…
  position       integer not null,                         -- among the rules of its world: what a seed is asked with
  kind           text not null,
  match          jsonb not null,                           -- {field: [what it shall be, …]}
  probability    double precision not null,
  most           integer,                                  -- how often it strikes at most; null = without end
  applied        integer not null,
  delay_ms       integer,
  status         integer,
  error_code     integer,
  seed           bigint not null,
  date_created   timestamptz not null,
  primary key (world_sid, sid)
);

create table applied_faults (
  world_sid      text not null,
  id             uuid not null,                            -- LA…
  account_sid    text not null,
  fault_sid      text not null,                            -- of a rule that may be gone, or that stands for all worlds
  kind           text not null,
  resource_sid   text,
  event          text not null,
  subject        text not null,                            -- what it struck: once at most
  attempt        integer not null,
  date_created   timestamptz not null,
  primary key (world_sid, id)
);
create unique index applied_faults_once on applied_faults (world_sid, fault_sid, subject);
create index applied_faults_resource on applied_faults (world_sid, resource_sid) where resource_sid is not null;
create index applied_faults_age on applied_faults (id);

create table fault_turns (                                 -- how many requests of a sort came since there are rules
  world_sid      text not null,
  thing          text not null,
  turn           integer not null,
  primary key (world_sid, thing)
) with (fillfactor = 50);
