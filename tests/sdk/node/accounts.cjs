// A subaccount is made, suspended and closed; a key signs in until it is revoked.
"use strict";
const twilio = require("twilio");
const { report, refusal, toLocalloop } = require("./redirect.cjs");

report(async (client) => {
  const own = await client.api.accounts(client.accountSid).fetch();
  const sub = await client.api.accounts.create({ friendlyName: "Branch" });
  const statuses = [];
  for (const status of ["suspended", "active", "closed"]) {
    statuses.push((await client.api.accounts(sub.sid).update({ status })).status);
  }
  const key = await client.newKeys.create({ friendlyName: "deploy" });
  const byKey = toLocalloop(twilio(key.sid, key.secret, { accountSid: client.accountSid }));
  const allowed = (await byKey.messages.list({ limit: 1 })).length;
  const revoked = await client.keys(key.sid).remove();
  return {
    own: own.sid,
    owner: sub.ownerAccountSid,
    statuses,
    allowed,
    revoked,
    refused: (await refusal(byKey.messages.list({ limit: 1 })))[0],
  };
});
