// One resource of every product: made, fetched, listed, deleted; or read where nobody makes it.
"use strict";
const { domains, report, refusal } = require("./redirect.cjs");

const NUMBER = "+14155552344";
const NOBODY = "0".repeat(32);
const FLOW = {
  description: "nothing",
  initial_state: "Trigger",
  states: [{ name: "Trigger", type: "trigger", properties: {}, transitions: [] }],
};

const KEPT = {
  accounts: [(client) => client.accounts.v1.credentials.publicKey, { publicKey: "MIIB" }],
  api: [(client) => client.queues, { friendlyName: "waiting" }],
  chat: [(client) => client.chat.v2.services, { friendlyName: "ours" }],
  content: [
    (client) => client.content.v1.contents,
    { friendly_name: "ours", language: "en", types: { "twilio/text": { body: "Hello" } } },
  ],
  conversations: [(client) => client.conversations.v1.conversations, { friendlyName: "ours" }],
  events: [
    (client) => client.events.v1.sinks,
    {
      description: "ours",
      sinkConfiguration: { destination: "https://example.com", method: "POST" },
      sinkType: "webhook",
    },
  ],
  flexApi: [
    (client) => client.flexApi.v1.flexFlow,
    { friendlyName: "ours", chatServiceSid: `IS${NOBODY}`, channelType: "web" },
  ],
  intelligence: [(client) => client.intelligence.v2.services, { uniqueName: "ours" }],
  ipMessaging: [(client) => client.ipMessaging.v2.services, { friendlyName: "ours" }],
  messaging: [(client) => client.messaging.v1.services, { friendlyName: "ours" }],
  notify: [(client) => client.notify.v1.services, { friendlyName: "ours" }],
  numbers: [
    (client) => client.numbers.v2.regulatoryCompliance.bundles,
    { friendlyName: "ours", email: "a@example.com" },
  ],
  proxy: [(client) => client.proxy.v1.services, { uniqueName: "ours" }],
  serverless: [(client) => client.serverless.v1.services, { uniqueName: "ours", friendlyName: "Ours" }],
  studio: [(client) => client.studio.v2.flows, { friendlyName: "ours", status: "draft", definition: FLOW }],
  sync: [(client) => client.sync.v1.services, { friendlyName: "ours" }],
  taskrouter: [(client) => client.taskrouter.v1.workspaces, { friendlyName: "ours" }],
  trunking: [(client) => client.trunking.v1.trunks, { friendlyName: "ours" }],
  trusthub: [
    (client) => client.trusthub.v1.endUsers,
    { friendlyName: "ours", type: "customer_profile_business_information" },
  ],
  verify: [(client) => client.verify.v2.services, { friendlyName: "ours" }],
  voice: [(client) => client.voice.v1.connectionPolicies, { friendlyName: "ours" }],
  wireless: [(client) => client.wireless.v1.ratePlans, { uniqueName: "ours" }],
};

const MADE = {
  supersim: [(client) => client.supersim.v1.networkAccessProfiles, { uniqueName: "ours" }],
  video: [(client) => client.video.v1.rooms, { uniqueName: "ours" }],
};

const READ = {
  bulkexports: (client) => client.bulkexports.v1.exportConfiguration("Messages").fetch(),
  iam: (client) => client.iam.v1.getApiKeys.list({ accountSid: client.accountSid }),
  insights: (client) => client.insights.v1.settings().fetch(),
  knowledge: (client) => client.knowledge.v1.knowledge.list({ limit: 5 }),
  lookups: (client) => client.lookups.v2.rateLimits.fetch(),
  marketplace: (client) => client.marketplace.v1.availableAddOns.list({ limit: 5 }),
  monitor: (client) => client.monitor.v1.alerts.list({ limit: 5 }),
  preview: (client) => client.preview.wireless.sims.list({ limit: 5 }),
  pricing: (client) => client.pricing.v1.messaging.countries.list({ limit: 5 }),
  routes: (client) => client.routes.v2.phoneNumbers(NUMBER).update({ voiceRegion: "us1" }),
};

async function live(resource, params, mayDelete) {
  const made = await resource.create(params);
  const fetched = await resource(made.sid).fetch();
  const listed = await resource.list({ limit: 20 });
  const found = fetched.sid === made.sid && listed.some((each) => each.sid === made.sid);
  if (!mayDelete) return found ? "found" : "lost";
  await resource(made.sid).remove();
  const [status] = (await refusal(resource(made.sid).fetch())) || [200];
  return found && status === 404 ? "found" : `lost, or deleted and answers ${status}`;
}

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    return `${error.status} ${error.code}: ${error.message}`;
  }
}

report(async (client) => {
  const found = {};
  for (const [name, [resource, params]] of Object.entries(KEPT)) {
    found[name] = await attempt(() => live(resource(client), params, true));
  }
  for (const [name, [resource, params]] of Object.entries(MADE)) {
    found[name] = await attempt(() => live(resource(client), params, false));
  }
  for (const [name, read] of Object.entries(READ)) {
    found[name] = await attempt(async () => ((await read(client)) ? "found" : "nothing"));
  }
  return { found, known: Object.keys(domains(client)) };
});
