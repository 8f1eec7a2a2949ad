// One localloop for the whole run: the one that LOCALLOOP_URL names, else one that is started here and stopped at the end.
import { spawn } from "node:child_process";

const COMMAND = process.env.LOCALLOOP_COMMAND ?? "localloop";
const WITHIN_MS = 120_000;

export default async function setup({ provide }) {
  if (process.env.LOCALLOOP_URL) {
    const { LOCALLOOP_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = process.env;
    provide("localloop", { url: LOCALLOOP_URL, accountSid: TWILIO_ACCOUNT_SID, authToken: TWILIO_AUTH_TOKEN });
    return undefined;
  }
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ...environment } = process.env; // real ones are none of its business
  const options = ["up", "--ephemeral", "--single", "--port", "0", "--proxy-port", "0", "--message-rate", "0"];
  const server = spawn(COMMAND, options, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const banner = await untilUp(server);
  provide("localloop", {
    url: banner.match(/is up: (\S+)/)[1],
    accountSid: banner.match(/account SID\s+(\S+)/)[1],
    authToken: banner.match(/auth token\s+(\S+)/)[1],
  });
  return () =>
    new Promise((resolve) => {
      server.once("exit", resolve);
      server.kill("SIGTERM");
    });
}

function untilUp(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    const late = setTimeout(() => server.kill("SIGTERM"), WITHIN_MS);
    server.once("error", reject);
    server.once("exit", (status) => reject(new Error(`localloop ended with ${status}: ${said}`)));
    server.stdout.setEncoding("utf8").on("data", (part) => {
      said += part;
      if (said.includes("Ctrl-C stops it.")) {
        clearTimeout(late);
        server.removeAllListeners("exit");
        resolve(said);
      }
    });
  });
}
