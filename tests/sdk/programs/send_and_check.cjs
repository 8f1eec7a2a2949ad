// A program written for Twilio: sends a text, and checks the signature of the first word about it.
const http = require("http");
const twilio = require("twilio");

const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    const form = Object.fromEntries(new URLSearchParams(body));
    const url = `http://${request.headers.host}${request.url}`;
    const signature = request.headers["x-twilio-signature"];
    console.log("signature", twilio.validateRequest(process.env.TWILIO_AUTH_TOKEN, signature, url, form));
    response.writeHead(204).end();
    server.close();
    server.closeAllConnections();
  });
});

server.listen(0, "127.0.0.1", async () => {
  const client = twilio();
  const message = await client.messages.create({
    from: "+15551230000",
    to: "+15551230001",
    body: "Hello",
    statusCallback: `http://127.0.0.1:${server.address().port}/status`,
  });
  console.log("sent", message.sid);
  const service = await client.verify.v2.services.create({ friendlyName: "mine" });
  console.log("verify", service.url);
});
