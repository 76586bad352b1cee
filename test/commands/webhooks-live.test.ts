// stowage webhooks against a registry in a process of its own, with a receiver that answers, and over a restart.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type ReceivedRequest, WebhookReceiver } from "../support/webhook-receiver.ts";
import { stowage } from "./cli.ts";
import { parseLines, push } from "./push.ts";

const SECRET = "s3cr3t";

function cursorIn({ body }: ReceivedRequest): number {
  return Number(JSON.parse(body).cursor);
}

suite("webhooks of a running registry", () => {
  let directory: string;
  let receiver: WebhookReceiver;
  let registry: LocalRegistry;

  before(async () => {
    directory = await makeTemporaryDirectory();
    receiver = await WebhookReceiver.start();
    registry = await LocalRegistry.start({ directory, sections: sections() });
  });
  after(async () => {
    await registry.stop();
    await receiver.close();
    await removeTemporaryDirectory(directory);
  });

  function sections() {
    const hook = {
      name: "scanner",
      url: `${receiver.url}/events?token=${SECRET}`,
      headers: { authorization: `Bearer ${SECRET}` },
      format: "cloudevents",
      backoff: "10ms",
      threshold: 1000,
      signing: { secrets: [`whsec_${Buffer.from(SECRET.repeat(6)).toString("base64")}`] },
      giveup: { statuses: [410] },
    };
    return { log: { level: "debug" }, notifications: { endpoints: [hook] } };
  }

  const run = (...args: readonly string[]) => stowage(["webhooks", ...args, "--server", registry.url]);

  /** What it prints when it goes well. */
  async function told(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function shown(): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse(await told("show", "scanner", "--json"));
  }

  const caughtUp = () =>
    eventually("the end of the log", async () => {
      const webhook = await shown();
      return webhook.lag === "0" ? webhook : undefined;
    });

  test("what is pushed is delivered, and list, show and deliveries tell so, without secrets", async () => {
    await push(registry.url, "team/a", "v1", "one");
    await caughtUp();
    const cursors = receiver.requests.map(cursorIn);
    assert.deepEqual(
      cursors,
      cursors.map((_, index) => index + 1),
    );
    assert.equal(receiver.requests[0]?.headers.authorization, `Bearer ${SECRET}`);
    assert.match(await told("list"), /^scanner +active +0 +\d+ .*Z\) .*\/events\?…$/m);
    const deliveries = parseLines(await told("deliveries", "scanner", "--json"));
    assert.deepEqual(deliveries.map(({ lastCursor }) => Number(lastCursor)).toReversed(), cursors);
    const texts = [
      await told("show", "scanner"),
      await told("deliveries", "scanner"),
      await registry.logText(),
    ];
    assert.ok(!JSON.stringify([texts, deliveries, await shown()]).includes(SECRET));
  });

  test("test posts a message, and its exit code is the answer", async () => {
    assert.match(await told("test", "scanner"), /^200 OK after /);
    assert.equal(JSON.parse(receiver.requests.at(-1)?.body ?? "").type, "dev.stowage.test.v1");
    receiver.answer = () => 503;
    const { code, stderr } = await run("test", "scanner");
    receiver.answer = () => 200;
    assert.deepEqual(
      [code, stderr],
      [1, "stowage: webhook scanner does not work: 503 Service Unavailable\n"],
    );
  });

  test("a pause lasts over a restart, and what waited comes when the registry can be asked", async () => {
    assert.match(await told("pause", "scanner"), /^Webhook scanner is paused/);
    await push(registry.url, "team/a", "v2", "two");
    await registry.stop();
    await registry.restart();
    assert.equal((await shown()).state, "STATE_PAUSED");
    const before = receiver.requests.length;
    await told("resume", "scanner");
    await caughtUp();
    assert.ok(receiver.requests.length > before);
    // Once more with a receiver that asks for what it is told, as one that mirrors does.
    receiver.answer = () => 503;
    await push(registry.url, "team/a", "v3", "three");
    await eventually("a failure", async () => ((await shown()).failure !== undefined ? true : undefined));
    await registry.stop();
    const answers: string[] = [];
    receiver.answer = async () => {
      answers.push(await fetch(`${registry.url}/v2/`).then(({ status }) => String(status), String));
      return 200;
    };
    await registry.restart();
    await caughtUp();
    receiver.answer = () => 200;
    assert.deepEqual([...new Set(answers)], ["200"]);
  });

  test("a replay delivers again, from a cursor or from the start, and skips what waits", async () => {
    const last = Number((await shown()).cursor);
    receiver.requests.length = 0;
    assert.match(
      await told("replay", "scanner", "--after", String(last - 2)),
      /^Replaying from after #\d+: \d+ events? to look through\.$/m,
    );
    await receiver.waitFor(2);
    assert.deepEqual(receiver.requests.map(cursorIn), [last - 1, last]);
    await told("replay", "scanner", "--from-start");
    await receiver.waitFor(2 + last);
    await told("pause", "scanner");
    await push(registry.url, "team/a", "v4", "four");
    assert.match(await told("replay", "scanner", "--skip-waiting"), /is paused, with 0 events/);
    await told("resume", "scanner");
    assert.equal(receiver.requests.length, 2 + last);
  });

  test("dead letters are listed, redelivered and discarded", async () => {
    receiver.answer = () => 410;
    await push(registry.url, "team/b", "v1", "five");
    const { givenUpEvents, cursor } = await caughtUp();
    const letters = parseLines(await told("dead-letters", "scanner", "--json"));
    assert.equal(letters.length, Number(givenUpEvents));
    assert.equal(letters.at(-1)?.deadLetterId, cursor);
    const again = await run("dead-letters", "redeliver", "scanner");
    assert.deepEqual([again.code, again.stderr.includes("410")], [1, true]);
    receiver.answer = () => 200;
    receiver.requests.length = 0;
    const first = String(letters[0]?.deadLetterId);
    assert.match(await told("dead-letters", "redeliver", "scanner", first), /^1 event delivered/);
    assert.deepEqual(receiver.requests.map(cursorIn), [Number(first)]);
    const left = letters.length - 1;
    assert.match(
      await told("dead-letters", "discard", "scanner", "--all"),
      new RegExp(`^${left} events? forgotten`),
    );
    assert.equal(await told("dead-letters", "scanner", "--json"), "");
  });
});
