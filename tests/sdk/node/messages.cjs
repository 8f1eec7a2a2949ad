// Messages are created, read, and paged over.
"use strict";
const { report, refusal } = require("./redirect.cjs");

const MANY = 1050;
const AT_ONCE = 25;

report(async (client) => {
  const made = [];
  async function send() {
    while (made.length < MANY) {
      const place = made.push(null) - 1;
      const message = await client.messages.create({
        from: "+15551230000",
        to: "+15551230001",
        body: `number ${place}`,
      });
      made[place] = message.sid;
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, send));

  const streamed = [];
  await new Promise((resolve, reject) => {
    client.messages.each({
      callback: (message) => streamed.push(message.sid),
      done: (error) => (error ? reject(error) : resolve()),
    });
  });
  const limited = await client.messages.list({ limit: 1010, pageSize: 1000 });
  const first = await client.messages.page({ pageSize: 1000 });
  const second = await first.nextPage();
  const one = await client.messages(made[7]).fetch();
  return {
    made,
    streamed,
    limited: limited.map((message) => message.sid),
    pages: [first, second].map((page) => page.instances.length),
    body: one.body,
    refused: await refusal(client.messages.create({ from: "+15551230000", to: "", body: "Hello" })),
  };
});
