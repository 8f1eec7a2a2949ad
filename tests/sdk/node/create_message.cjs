// Twilio's sample "POST a new SMS message", as published, with the one line that redirects it.
// Download the helper library from https://www.twilio.com/docs/node/install
const twilio = require("twilio"); // Or, for ESM: import twilio from "twilio";

// Find your Account SID at twilio.com/console
// Provision API Keys at twilio.com/console/runtime/api-keys
// and set the environment variables. See http://twil.io/secure
const accountSid = process.env.TWILIO_ACCOUNT_SID;
const apiKey = process.env.TWILIO_API_KEY;
const apiSecret = process.env.TWILIO_API_SECRET;
const client = twilio(apiKey, apiSecret, { accountSid: accountSid });
client.api.baseUrl = process.env.LOCALLOOP_URL;

async function createMessage() {
  const message = await client.messages.create({
    body: "Hello",
    from: "+14155552344",
    to: "+15558675310",
  });

  console.log(message.body);
}

createMessage();
