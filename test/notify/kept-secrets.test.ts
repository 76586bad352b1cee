// Nothing that is shown or logged about a webhook holds its headers, its keys, or the
// secrets in its URL, whatever goes wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { type Answer, WebhookReceiver } from "../support/webhook-receiver.ts";
import { PostRoom, webhook } from "./post-room.ts";

const SECRETS = ["hunter2", "s3cr3t-token", "s3cr3t-header", "s3cr3t-key"] as const;
const [password, token, header, key] = SECRETS;

const signal = new AbortController().signal;

const ANSWERS: readonly (readonly [string, Answer])[] = [
  ["fails", () => ({ status: 500, body: `${header} ${token}` })],
  ["breaks the connection", () => "reset"],
  ["redirects in circles", ({ path }) => ({ status: 307, headers: { location: path } })],
  ["redirects to nowhere", () => ({ status: 308, headers: { location: `http://user:${password}@` } })],
  ["takes everything", () => 200],
];

for (const [what, answer] of ANSWERS) {
  test(`a receiver that ${what} brings no secret into the open`, async () => {
    await using receiver = await WebhookReceiver.start(answer);
    await using room = await PostRoom.open();
    const url = `http://user:${password}@${new URL(receiver.url).host}/events?token=${token}`;
    const headers = { "X-Api-Key": [header] };
    const secrets = [Buffer.from(key)];
    await room.start(webhook({ url, headers, secrets, giveUp: { attempts: 3, statuses: [] } }));
    await room.append(2);
    await room.caughtUp();
    const delivery = await room.notifier.test("hook", signal);
    const outcome = await room.notifier.redeliverDeadLetters("hook", { ids: [], signal });
    const letters = await room.notifier.listDeadLetters("hook", { limit: 10 });
    const shown = [
      room.lines,
      room.notifier.list(),
      room.notifier.deliveries("hook"),
      delivery,
      outcome,
      letters,
    ];
    const text = `${JSON.stringify(shown)}\n${inspect(shown, { depth: Number.POSITIVE_INFINITY })}`;
    for (const secret of SECRETS) assert.ok(!text.includes(secret), `${secret} is in ${text}`);
    assert.match(text, /X-Api-Key/); // the name may be seen
    assert.equal(receiver.requests[0]?.headers["x-api-key"], header);
    assert.deepEqual(room.status().settings.signingKeys, 1);
  });
}
