import { once } from "node:events";
import { describe, expect } from "vitest";
import { Login } from "./app.js";
import { test as base } from "./world.js";

const ANNA = "+15551230001";
const NUMBER = "+15550001111";

const test = base.extend({
  login: async ({ world }, use) => {
    const login = new Login({ client: world.twilio, authToken: world.authToken, number: NUMBER });
    const server = login.server().listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${server.address().port}`;
    await world.own(NUMBER, `${url}/sms`, `${url}/voice`);
    await use(login);
    server.closeAllConnections();
    server.close();
  },
});

describe("signing in", () => {
  test("the code is an answer", async ({ world, login }) => {
    const anna = world.phone(ANNA);
    await login.begin(ANNA);
    await anna.text(await anna.code(), NUMBER);
    expect((await anna.waitFor("signed in")).body).toBe("You are signed in.");
  });

  test("a phone may do it by itself", async ({ world, login }) => {
    const anna = world.phone(ANNA);
    await anna.be({ Rules: [{ match: "code is (\\d{6})", template: "{1}" }] });
    await login.begin(ANNA);
    await anna.waitFor("signed in");
  });

  test("a second code is another one", async ({ world, login }) => {
    const anna = world.phone(ANNA);
    await login.begin(ANNA);
    await login.begin(ANNA);
    const [first, second] = [await anna.code(), await anna.code()];
    await anna.text(first === second ? "000000" : first, NUMBER);
    await anna.text(second, NUMBER);
    await anna.waitFor("signed in");
  });

  test("the code is typed on a call", async ({ world, login }) => {
    await world.clock("auto");
    await login.begin(ANNA);
    const call = await world.phone(ANNA).call(NUMBER);
    await call.heard("type the code");
    await call.press(await world.phone(ANNA).code());
    await call.heard("signed in");
  });

  test("what does not come says what came instead", async ({ world, login }) => {
    await login.begin(ANNA);
    await world.phone(ANNA).waitFor("code is");
    await expect(world.phone(ANNA).waitFor("welcome", 0.2)).rejects.toThrow(/welcome.*Closest: 'Your code is \d{6}'/);
  });
});

test.for([1, 2, 3, 4])("the same numbers in every test (%i)", async (n, { world }) => {
  await world.twilio.messages.create({ from: NUMBER, to: ANNA, body: `Your code is ${482900 + n}` });
  expect(await world.phone(ANNA).code()).toBe(String(482900 + n));
  expect(await world.twilio.messages.list()).toHaveLength(1);
});
