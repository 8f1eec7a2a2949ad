// Twilio's validator for Node, asked on standard input: a line with a list of webhooks in, a line with the verdicts out.
const { createInterface } = require("node:readline");
const { validateExpressRequest } = require("twilio");

function accepts(webhook) {
  const form = Object.fromEntries(
    Object.entries(webhook.form).map(([name, values]) => [name, values.length > 1 ? values : values[0]]),
  );
  const request = {
    protocol: "http",
    headers: { host: "inside.example" },
    header: () => webhook.signature,
    originalUrl: webhook.path,
    body: form,
    rawBody: webhook.body,
  };
  // What an application behind a proxy tells it; one in front knows the same from the request itself.
  const seen = { protocol: webhook.protocol, host: webhook.host };
  return webhook.tokens.some((token) => validateExpressRequest(request, token, seen));
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(JSON.parse(line).map(accepts)) + "\n");
});
