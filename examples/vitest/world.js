// A world of each test's own: an account that nobody else has, its phones, and the lab's API.
import { inject, test as base } from "vitest";
import twilio from "twilio";

/** Asks a localloop as one account; what it refuses is an error with its own words. */
function asking({ url, accountSid, authToken }) {
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  return async (method, path, params = {}) => {
    const form = new URLSearchParams(Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
    const query = method === "GET" && form.size ? `?${form}` : "";
    const body = method === "GET" ? undefined : form;
    const answer = await fetch(`${url}${path}${query}`, { method, headers: { authorization }, body });
    const said = await answer.text();
    if (!answer.ok) throw new Error(said ? JSON.parse(said).message : answer.statusText);
    return said ? JSON.parse(said) : undefined;
  };
}

/** A call on a phone. Each line is heard once, the oldest first, when all of it has been heard. */
class Call {
  #ask;
  #path;
  #last;
  constructor(ask, path, { sid }) {
    this.#ask = ask;
    this.#path = `${path}/${sid}`;
    this.sid = sid;
  }
  async heard(expression = "", seconds = 30) {
    const after = this.#last ? { After: this.#last } : {};
    const asked = { Kind: "heard", Matches: `(?i)${expression}`, Timeout: seconds, Whole: true, ...after };
    const line = await this.#ask("GET", `${this.#path}/Wait`, asked);
    this.#last = line.sid;
    return line;
  }
  press(keys) {
    return this.#ask("POST", this.#path, { Press: keys });
  }
  say(text) {
    return this.#ask("POST", this.#path, { Say: text });
  }
  answer() {
    return this.#ask("POST", this.#path, { Status: "in-progress" });
  }
  hangUp() {
    return this.#ask("POST", this.#path, { Status: "completed" });
  }
}

/** The phone behind a number. Each text is given once, the oldest first. */
class Phone {
  #ask;
  #last;
  constructor(ask, number) {
    this.#ask = ask;
    this.number = number;
  }
  get #path() {
    return `/lab/v1/Phones/${encodeURIComponent(this.number)}`;
  }
  async #wait(wanted, seconds) {
    const after = this.#last ? { After: this.#last } : {};
    const asked = { Direction: "received", Order: "oldest", Timeout: seconds, ...after, ...wanted };
    const text = await this.#ask("GET", `${this.#path}/Messages/Wait`, asked);
    this.#last = text.sid;
    return text;
  }
  text(body, to) {
    return this.#ask("POST", `${this.#path}/Messages`, { To: to, Body: body });
  }
  waitFor(expression = "", seconds = 10) {
    return this.#wait(expression ? { Matches: expression } : {}, seconds);
  }
  async code(seconds = 10) {
    return (await this.#wait({ Has: "code" }, seconds)).codes[0];
  }
  async call(to) {
    return new Call(this.#ask, `${this.#path}/Calls`, await this.#ask("POST", `${this.#path}/Calls`, { To: to }));
  }
  /** Takes, Rings, Greeting, Script …: what becomes of calls to it, as the lab has them. */
  takes(voice) {
    const script = voice.Script ? { Script: JSON.stringify(voice.Script) } : {};
    return this.#ask("POST", `${this.#path}/Voice`, { ...voice, ...script });
  }
  /** Behavior, Delay, Rules …, as the lab has them. */
  be(persona) {
    const rules = persona.Rules ? { Rules: JSON.stringify(persona.Rules) } : {};
    return this.#ask("POST", this.#path, { ...persona, ...rules });
  }
}

export const test = base.extend({
  world: async ({}, use) => {
    const server = inject("localloop");
    const made = await asking(server)("POST", "/lab/v1/Worlds");
    const identity = { url: server.url, accountSid: made.account_sid, authToken: made.auth_token };
    const ask = asking(identity);
    const client = twilio(identity.accountSid, identity.authToken);
    client.api.baseUrl = server.url;
    await use({
      ...identity,
      ask,
      twilio: client,
      phone: (number) => new Phone(ask, number),
      /** The account has this number, and its texts and calls go to these addresses. */
      own: (number, smsUrl, voiceUrl = "") =>
        ask("POST", `/2010-04-01/Accounts/${identity.accountSid}/IncomingPhoneNumbers.json`, {
          PhoneNumber: number,
          SmsUrl: smsUrl,
          VoiceUrl: voiceUrl,
        }),
      /** "auto": time passes by itself while something is waited for. */
      clock: (mode) => ask("POST", "/lab/v1/Clock", { Mode: mode }),
    });
  },
});
