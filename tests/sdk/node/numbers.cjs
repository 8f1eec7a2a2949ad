// A number is searched, bought, changed and released.
"use strict";
const { report, refusal } = require("./redirect.cjs");

report(async (client) => {
  const found = await client.availablePhoneNumbers("US").local.list({ areaCode: 415, limit: 3 });
  const wanted = found[0].phoneNumber;
  const bought = await client.incomingPhoneNumbers.create({ phoneNumber: wanted });
  const changed = await client.incomingPhoneNumbers(bought.sid).update({ smsUrl: "https://example.com/sms" });
  const released = await client.incomingPhoneNumbers(bought.sid).remove();
  return {
    found: found.length,
    wanted,
    bought: bought.phoneNumber,
    smsUrl: changed.smsUrl,
    released,
    gone: await refusal(client.incomingPhoneNumbers(bought.sid).fetch()),
  };
});
