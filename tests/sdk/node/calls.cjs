// A call is made with a document, led elsewhere, recorded, found by every filter, and ends in a queue.
"use strict";
const twilio = require("twilio");
const { report, refusal } = require("./redirect.cjs");

const [from, to] = ["+15551230010", "+15551230011"];

async function until(find) {
  for (const ends = Date.now() + 20000; Date.now() < ends; ) {
    const found = await find();
    if (found.length) return found;
  }
  throw new Error(`nothing came: ${find}`);
}

function waiting() {
  const response = new twilio.twiml.VoiceResponse();
  response.say("Please wait");
  response.pause({ length: 60 });
  return response.toString();
}

function room(name) {
  const response = new twilio.twiml.VoiceResponse();
  response.dial().conference({ endConferenceOnExit: true }, name);
  return response.toString();
}

function queue(name) {
  const response = new twilio.twiml.VoiceResponse();
  response.enqueue({ waitUrl: "" }, name);
  return response.toString();
}

report(async (client) => {
  const made = await client.calls.create({ from, to, twiml: waiting(), record: true });
  const early = await refusal(client.calls(made.sid).update({ twiml: room("early") }));
  await until(() => client.calls.list({ status: "in-progress", to }));
  const [recording] = await client.calls(made.sid).recordings.list();
  const paused = await client.calls(made.sid).recordings("Twilio.CURRENT").update({ status: "paused" });
  await client.calls(made.sid).update({ twiml: room("standup") });
  const [conference] = await until(() => client.conferences.list({ friendlyName: "standup" }));
  const people = client.conferences(conference.sid).participants;
  const second = await people.create({ from, to, label: "second" });
  await until(() => client.conferences.list({ status: "in-progress" }));
  const muted = await client.conferences(conference.sid).participants("second").update({ muted: true });
  await client.calls(made.sid).update({ twiml: queue("support") });
  const [line] = await until(() => client.queues.list());
  const [member] = await until(() => client.queues(line.sid).members.list());
  const ended = await client.calls(made.sid).update({ status: "completed" });
  const today = new Date(ended.startTime);
  const found = await client.calls.list({ startTimeAfter: today, status: "completed", from });
  return {
    status: made.status,
    early,
    recording: [recording.source, paused.status],
    people: [second.label, muted.muted],
    member: [member.callSid === made.sid, member.position],
    ended: [ended.status, Number(ended.duration) >= 1],
    found: found.some((each) => each.sid === made.sid),
    gone: [await client.calls(made.sid).remove(), await refusal(client.calls(made.sid).fetch())],
  };
});
