// What docs/events.md says about webhooks: its configuration does what its comments
// say, bodies look as shown, waits are as long, and the commands work.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { retryWaitMs } from "../../src/notify/retry-policy.ts";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type ReceivedRequest, WebhookReceiver } from "../support/webhook-receiver.ts";
import { deleteAgain, makeAndPull } from "./every-kind.ts";
import { type Document, Page } from "./page.ts";
import { callRpc } from "./rpc.ts";
import { shapeOf } from "./shape.ts";
import { Workshop } from "./workshop.ts";

const FORMATS = ["v2", "v1", "cloudevents"] as const;

const page = await Page.read();
const configuration = page.inLanguage("yaml").find(({ text }) => text.includes("endpoints:"))?.text ?? "";

suite("webhooks on docs/events.md", () => {
  let directory: string;
  let receiver: WebhookReceiver;
  let registry: LocalRegistry;
  let workshop: Workshop;

  before(async () => {
    directory = await makeTemporaryDirectory();
    receiver = await WebhookReceiver.start();
    const sections = sectionsWith(receiver.url);
    registry = await LocalRegistry.start({ directory, sections });
    workshop = await Workshop.open({ directory, url: registry.url });
    await makeAndPull(registry.host);
    await eventually("a pull", async () =>
      requestsTo(receiver, "v2").find(({ body }) => body.includes('"action": "pull"')),
    );
    await deleteAgain(registry.host);
    await untilAllCaughtUp(registry.url);
  });
  after(async () => {
    await registry.stop();
    await receiver.close();
    await removeTemporaryDirectory(directory);
  });

  const [v2, v1] = page.examplesWith("events");
  const [cloudEvent] = page.examplesWith("specversion");
  for (const [format, example] of [
    ["v2", v2],
    ["v1", v1],
    ["cloudevents", cloudEvent],
  ] as const)
    test(`the body of ${format} looks as one that is posted`, () => {
      assert.ok(example !== undefined);
      const bodies = requestsTo(receiver, format).map(({ body }) =>
        JSON.stringify(shapeOf(JSON.parse(body))),
      );
      assert.ok(bodies.includes(JSON.stringify(shapeOf(example))), bodies.join("\n"));
    });

  test("the content types are those in the table", () => {
    for (const format of FORMATS) {
      const [, cell = ""] = page.rows.find(([first]) => first === `\`${format}\``) ?? [];
      const [type] = /(?<=`)[^`]+/.exec(cell) ?? [];
      for (const { headers } of requestsTo(receiver, format)) assert.equal(headers["content-type"], type);
    }
  });

  test("distribution's keys do what they do there", () => {
    const requests = requestsTo(receiver, "audit");
    for (const { headers } of requests) assert.equal(headers.authorization, "Bearer s3cr3t");
    const actions = requests.map(({ body }) => JSON.parse(body).events[0].action);
    assert.deepEqual(actions, ["push", "push", "push", "delete", "delete", "delete", "delete"]);
  });

  test("our keys choose what the comments say", () => {
    const events = requestsTo(receiver, "deploy").flatMap(({ body }): Document[] =>
      [JSON.parse(body)].flat(),
    );
    const told = events.map(({ type, subject }) => `${type} ${subject}`);
    assert.deepEqual(told, [
      "dev.stowage.tag.created.v1 library/alpine:latest",
      "dev.stowage.tag.moved.v1 library/alpine:latest",
    ]);
  });

  test("what is posted with the page's secret passes the page's function", async () => {
    const { verify } = await import(
      pathToFileURL(await workshop.write("verify.ts", page.named("verify.ts"))).href
    );
    const [secret] = /whsec_[\w+/=]+/.exec(configuration) ?? [];
    const requests = requestsTo(receiver, "deploy");
    for (const { headers, body } of requests) {
      assert.equal(verify(secret, headers, Buffer.from(body)), true);
      assert.equal(verify(secret, headers, Buffer.from(`${body} `)), false);
    }
  });

  test("steer.sh shows a webhook and replays it", { skip: lacking("bash") }, async () => {
    const path = await workshop.write("steer.sh", page.named("steer.sh"));
    const { code, stdout, stderr } = await workshop.run(["bash", "-e", path]);
    assert.equal(code, 0, stderr); // npm may have something to say about its own settings
    const answers = stdout.split(/^(?=\{)/m).map((text) => JSON.parse(text));
    assert.deepEqual(
      answers.map(({ webhook }) => webhook.name),
      ["deploy", "deploy"],
    );
  });

  test("error.sh answers what stands below it", { skip: lacking("bash", "curl") }, async () => {
    const path = await workshop.write("error.sh", page.named("error.sh"));
    const { stdout } = await workshop.run(["bash", path]);
    const [example] = page.examplesWith("code");
    assert.deepEqual(JSON.parse(stdout), example);
  });

  test("a test is an empty envelope in Docker's formats, and an event of a type of its own as a CloudEvent", async () => {
    for (const format of FORMATS) {
      const earlier = requestsTo(receiver, format).length;
      const { delivery } = await callRpc(registry.url, "NotificationService/TestWebhook", { name: format });
      assert.equal(delivery.status, 200);
      const [{ body } = { body: "" }] = requestsTo(receiver, format).slice(earlier);
      const { type, ...rest } = JSON.parse(body);
      if (format === "cloudevents") assert.equal(type, "dev.stowage.test.v1");
      else assert.deepEqual(rest, { events: [] });
    }
  });

  test("webhooks.sh works, line by line", { skip: lacking("bash") }, async () => {
    const text = page.named("webhooks.sh").replaceAll(/^stowage .*$/gm, "$&\necho ---");
    const path = await workshop.write("webhooks.sh", text);
    const before = requestsTo(receiver, "deploy").length;
    const { code, stdout, stderr } = await workshop.run(["bash", "-e", path]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, stdout);
    const [list = "", show = "", deliveries = ""] = stdout.split("---\n");
    assert.match(list, /^audit .*^deploy .*^v2 /ms);
    assert.match(show, /Signature +1 key/);
    assert.match(deliveries, /200/);
    const after = requestsTo(receiver, "deploy").slice(before);
    assert.match(after.at(-1)?.body ?? "", /dev\.stowage\.test\.v1/);
  });
});

test("the table of waits tells what is waited with the default settings", () => {
  const rows = page.rows.filter(([, waits = ""]) => /^\d+ s to/.test(waits));
  assert.equal(rows.length, 9);
  const covered = rows.flatMap(([attempts = "", waits = ""]) => {
    const [, from, least, most] = /^(\d+).*?\|(.+?) s to (.+?) s/.exec(`${attempts}|${waits}`) ?? [];
    const numbers = failuresOf(attempts, Number(from));
    for (const attempt of numbers) {
      const wait = (random: number) => retryWaitMs(DEFAULTS, { attempts: attempt, random }) / 1000;
      assert.deepEqual([wait(0), wait(1)], [Number(least), Number(most)], `failure ${attempt}`);
    }
    return numbers;
  });
  assert.deepEqual(covered, [...Array.from({ length: 18 }, (_, index) => index + 1), 1000]);
});

const DEFAULTS = { threshold: 10, backoffMs: 1000, maxBackoffMs: 300_000 };

/** "1 to 10 …" is ten numbers, "18 and more" the first and one far away. */
function failuresOf(cell: string, from: number): readonly number[] {
  if (cell.includes("and more")) return [from, 1000];
  const to = Number(/ to (\d+)/.exec(cell)?.[1] ?? from);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The page's configuration, but for where the receivers are, and a webhook for all in each format. */
function sectionsWith(url: string): Readonly<Record<string, unknown>> {
  const { notifications } = parse(configuration.replaceAll(/https:\/\/(\w+)\.example\.com/g, `${url}/$1`));
  const all = FORMATS.map((format) => ({ name: format, url: `${url}/${format}`, format }));
  notifications.endpoints.push(...all);
  return { notifications, events: { pulls: { enabled: true } } };
}

function requestsTo(receiver: WebhookReceiver, webhook: string): readonly ReceivedRequest[] {
  return receiver.requests.filter(({ path }) => path.split("/")[1] === webhook);
}

async function untilAllCaughtUp(url: string): Promise<void> {
  await eventually("all webhooks caught up", async () => {
    const { webhooks } = await callRpc(url, "NotificationService/ListWebhooks");
    return webhooks.every(({ lag }: { readonly lag?: string }) => lag === undefined) ? true : undefined;
  });
}
