// Texts a code, and takes it as an answer, or typed on a call. Nothing in it knows of localloop.
import { randomInt } from "node:crypto";
import { createServer } from "node:http";
import twilio from "twilio";

export class Login {
  #codes = new Map();
  constructor({ client, authToken, number }) {
    Object.assign(this, { client, authToken, number });
  }

  async begin(phone) {
    const code = String(randomInt(1_000_000)).padStart(6, "0");
    this.#codes.set(phone, code);
    await this.client.messages.create({ from: this.number, to: phone, body: `Your code is ${code}` });
  }

  /** What is said to somebody who texted us. */
  answer(phone, body) {
    if (this.#codes.get(phone) !== body.trim()) return undefined;
    this.#codes.delete(phone);
    return "You are signed in.";
  }

  /** What a caller hears, and what happens then. */
  speak(phone, digits) {
    const said = new twilio.twiml.VoiceResponse();
    if (digits === undefined) said.gather({ numDigits: 6, action: "/voice" }).say("Type the code that we have texted you.");
    else said.say(this.answer(phone, digits) ?? "That was not the code.");
    return said;
  }

  /** Twilio's requests come here; others are turned away. */
  server() {
    return createServer(async (request, response) => {
      let raw = "";
      for await (const part of request) raw += part;
      const params = Object.fromEntries(new URLSearchParams(raw));
      const url = `http://${request.headers.host}${request.url}`;
      if (!twilio.validateRequest(this.authToken, request.headers["x-twilio-signature"] ?? "", url, params)) {
        response.writeHead(403).end();
        return;
      }
      const said = request.url === "/voice" ? this.speak(params.From, params.Digits) : new twilio.twiml.MessagingResponse();
      const words = request.url === "/sms" && this.answer(params.From, params.Body);
      if (words) said.message(words);
      response.writeHead(200, { "content-type": "text/xml" }).end(said.toString());
    });
  }
}
