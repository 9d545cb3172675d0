// clients - the official libraries of senders, called as their users call them.
//
//   cloudevents URL KEY binary|structured|batch   sends the CloudEvents SDK's events. Reads an
//                                                 array of attributes with data, or with
//                                                 data_base64; prints an array of replies.
//   cloudevents-read    reads an event in the JSON format; prints what the SDK makes of it.
//   octokit-sign        GitHub.           These read {"secret", "body"} and print the headers
//   standardwebhooks-sign                 to send with that body; the second takes "id" too.
//   stripe-sign
//
// JSON in, JSON out. Runs beside node_modules (tests/lib/node.py copies it there).
import { text } from "node:stream/consumers";
import { sign } from "@octokit/webhooks-methods";
import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from "cloudevents";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

function makeEvent({ data_base64: base64, ...rest }) {
  return new CloudEvent(base64 ? { ...rest, data: Uint8Array.from(Buffer.from(base64, "base64")) } : rest);
}

// The SDK has no serializer for batches; the format is an array of its events.
function emitBatch(send, events, options) {
  const headers = { "content-type": "application/cloudevents-batch+json" };
  return send({ headers, body: JSON.stringify(events) }, options);
}

async function emit(input, url, key, mode) {
  const send = httpTransport(url);
  const options = { headers: { "X-API-KEY": key } };
  const events = input.map(makeEvent);
  if (mode === "batch")
    return [await emitBatch(send, events, options)];
  const emitOne = emitterFor(send, { mode: { binary: Mode.BINARY, structured: Mode.STRUCTURED }[mode] });
  const replies = [];
  for (const event of events)
    replies.push(await emitOne(event, options));
  return replies;
}

function read(input) {
  const headers = { "content-type": "application/cloudevents+json" };
  const event = HTTP.toEvent({ headers, body: JSON.stringify(input) });
  event.validate();
  return event;
}

async function signGitHub({ secret, body }) {
  return { "X-Hub-Signature-256": await sign(secret, body) };
}

function signStandard({ secret, body, id }) {
  const now = new Date();
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, now, body),
  };
}

function signStripe({ secret, body }) {
  const { webhooks } = new Stripe("sk_test_none");
  return { "Stripe-Signature": webhooks.generateTestHeaderString({ payload: body, secret }) };
}

const commands = {
  cloudevents: emit,
  "cloudevents-read": read,
  "octokit-sign": signGitHub,
  "standardwebhooks-sign": signStandard,
  "stripe-sign": signStripe,
};

const [name, ...operands] = process.argv.slice(2);
const input = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await commands[name](input, ...operands)));
