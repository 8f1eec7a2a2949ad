// Points Twilio's Node package at localloop, product by product.
"use strict";
const Domain = require("twilio/lib/base/Domain").default;
const twilio = require("twilio");

function domains(client) {
  const found = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(client))) {
    const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(client), name);
    const value = get && name !== "httpClient" ? client[name] : undefined;
    if (value instanceof Domain) found[name] = value;
  }
  return found;
}

function toLocalloop(client, url = process.env.LOCALLOOP_URL) {
  for (const domain of Object.values(domains(client))) {
    const product = new URL(domain.baseUrl).hostname.split(".")[0];
    domain.baseUrl = product === "api" ? url : `${url}/${product}`;
  }
  return client;
}

function connect() {
  return toLocalloop(twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN));
}

// What a script found is its last line; an error is Twilio's, or the script's own.
function report(work) {
  work(connect()).then(
    (found) => console.log(JSON.stringify(found)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}

// The status and code with which Twilio refuses.
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return [error.status, error.code];
  }
  return null;
}

module.exports = { domains, toLocalloop, connect, report, refusal };
