// Twilio's package for Node makes an access token and a capability token.
const { AccessToken, ClientCapability } = require("twilio").jwt;
const [accountSid, keySid, secret, authToken, applicationSid] = process.argv.slice(2);

const access = new AccessToken(accountSid, keySid, secret, { identity: "ada", ttl: 600 });
access.addGrant(
  new AccessToken.VoiceGrant({
    incomingAllow: true,
    outgoingApplicationSid: applicationSid,
    outgoingApplicationParams: { door: "4" },
  }),
);
const capability = new ClientCapability({ accountSid, authToken });
capability.addScope(
  new ClientCapability.OutgoingClientScope({ applicationSid, clientName: "ada", params: { door: "4" } }),
);
capability.addScope(new ClientCapability.IncomingClientScope("ada"));
console.log(JSON.stringify({ access: access.toJwt(), capability: capability.toJwt() }));
