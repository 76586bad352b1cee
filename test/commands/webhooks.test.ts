import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  NotificationService,
  type ReplayWebhookRequest,
} from "../../src/gen/stowage/v1/notification_service_pb.ts";
import {
  DeadLetterSchema,
  DeliverySchema,
  Webhook_State,
  WebhookSchema,
} from "../../src/gen/stowage/v1/webhook_pb.ts";
import { stowageHere } from "./cli.ts";
import { expiredCursor, serveFake, unknownWebhook } from "./fake-service.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const before = (milliseconds: number) => timestampFromMs(NOW - milliseconds);

const WELL = create(WebhookSchema, {
  name: "audit",
  url: "https://audit.internal/events",
  state: Webhook_State.ACTIVE,
  cursor: "1240",
  deliveredEvents: 12_345n,
  lastSuccessTime: before(3000),
});

const FAILING = create(WebhookSchema, {
  name: "scanner",
  url: "https://scanner.internal/events",
  state: Webhook_State.RETRYING,
  cursor: "12",
  lag: 1228n,
  deliveredEvents: 12n,
  failedAttempts: 7n,
  givenUpEvents: 2n,
  missedEvents: 1n,
  missedAhead: 3n,
  deadLetters: 2n,
  droppedDeadLetters: 3n,
  failure: {
    attempts: 4,
    since: before(600_000),
    nextAttemptTime: before(-12_000),
    status: 503,
    error: "the receiver is overloaded",
  },
  settings: {
    format: "v2",
    batch: 100,
    timeout: durationFromMs(5000),
    threshold: 5,
    backoff: durationFromMs(1000),
    maxBackoff: durationFromMs(300_000),
    headerNames: ["authorization"],
    signingKeys: 2,
    giveUpAttempts: 10,
    giveUpAge: durationFromMs(86_400_000),
    giveUpStatuses: [400, 410],
    ignoredActions: ["pull"],
    filter: { repositories: ["team/**"], kinds: ["tag_moved"] },
  },
});

const DELIVERIES = [
  create(DeliverySchema, {
    deliveryId: "d2",
    time: before(8000),
    duration: durationFromMs(5001),
    attempt: 2,
    firstCursor: "13",
    lastCursor: "17",
    eventCount: 3,
    error: "no answer within 5s",
  }),
  create(DeliverySchema, {
    deliveryId: "d1",
    time: before(60_000),
    duration: durationFromMs(12),
    attempt: 1,
    firstCursor: "12",
    lastCursor: "12",
    eventCount: 1,
    status: 200,
  }),
];

const here = (...args: readonly string[]) => stowageHere(["webhooks", ...args], { now: NOW });
const jsonLines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

function known(name: string) {
  const webhook = [WELL, FAILING].find((one) => one.name === name);
  if (webhook === undefined) throw unknownWebhook(name);
  return webhook;
}

test("list shows each webhook in a row, and below it what is wrong and when it is tried again", async () => {
  await using server = await serveFake(NotificationService, {
    listWebhooks: () => ({ webhooks: [WELL, FAILING] }),
  });
  const { code, stdout, stderr } = await here("list", "--server", server.url);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.split("\n"), [
    "NAME     STATE       LAG  DELIVERED  DEAD LETTERS  MISSED  LAST SUCCESS                        URL",
    "audit    active        0     12,345             0       0  3 s ago (2026-03-01T11:59:57.000Z)  https://audit.internal/events",
    "scanner  retrying  1,228         12             2       4  never                               https://scanner.internal/events",
    "",
    "FAILING  LAST ANSWER",
    "scanner  503 Service Unavailable: the receiver is overloaded  4 failures in a row, the first 10 min ago, next attempt in 12 s",
    "",
  ]);
});

test("the registry is $STOWAGE_SERVER's where the command line names none", async () => {
  await using server = await serveFake(NotificationService, { listWebhooks: () => ({ webhooks: [WELL] }) });
  const environment = { STOWAGE_SERVER: server.url };
  const { code, stdout, stderr } = await stowageHere(["webhooks", "list"], { environment });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^audit/m);
  const nobody = "http://127.0.0.1:1";
  const other = await stowageHere(["webhooks", "list", "--server", nobody], { environment });
  assert.equal(other.code, 1);
  assert.match(other.stderr, /127\.0\.0\.1:1\b/);
});

test("a webhook that the configuration disables is steered with a word about it", async () => {
  await using server = await serveFake(NotificationService, {
    resumeWebhook: () => ({ webhook: { ...WELL, state: Webhook_State.DISABLED } }),
  });
  const { code, stdout } = await here("resume", "audit", "--server", server.url);
  assert.equal(code, 0);
  assert.match(stdout, /disabled in the configuration: nothing is delivered until it is enabled there/);
});

test("list --json is one object a line, with what is zero too", async () => {
  await using server = await serveFake(NotificationService, {
    listWebhooks: () => ({ webhooks: [WELL, FAILING] }),
  });
  const { stdout } = await here("list", "--json", "--server", server.url);
  const [well, failing] = jsonLines(stdout);
  assert.deepEqual([well.name, well.lag, well.state], ["audit", "0", "STATE_ACTIVE"]);
  assert.equal(failing.failure.status, 503);
});

test("where there are no webhooks, it says how one is made", async () => {
  await using server = await serveFake(NotificationService, { listWebhooks: () => ({}) });
  const { code, stdout } = await here("list", "--server", server.url);
  assert.equal(code, 0);
  assert.match(stdout, /notifications:\n +endpoints:\n/);
  assert.match(stdout, /docs\/events\.md/);
  assert.equal((await here("list", "--json", "--server", server.url)).stdout, "");
});

test("show tells the state, the settings and the last deliveries of one", async () => {
  await using server = await serveFake(NotificationService, {
    getWebhook: ({ name }) => ({ webhook: known(name) }),
    listDeliveries: () => ({ deliveries: DELIVERIES }),
  });
  const { code, stdout, stderr } = await here("show", "scanner", "--server", server.url);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.split("\n"), [
    "scanner",
    "  State         retrying",
    "  URL           https://scanner.internal/events",
    "  Lag           1,228 events after #12 to look through",
    "  Delivered     12 events",
    "  Last success  never",
    "  Failed        7 attempts",
    "  Dead letters  2 now, 2 events given up in all",
    "  Dropped       3 dead letters, to make room for newer ones",
    "  Missed        4 events, removed from the log before they were delivered",
    "  Failing       503 Service Unavailable: the receiver is overloaded",
    "                4 failures in a row, the first 10 min ago, next attempt in 12 s",
    "",
    "Settings",
    "  Format        v2, at most 100 events in a POST",
    "  Timeout       5 s",
    "  Retries       after 1 s, from failure 6 on longer each time, 5 min at most",
    "  Gives up      after 10 attempts; after 1 d; at once on 400, 410",
    "  Signature     2 keys",
    "  Headers       authorization",
    "  Ignores       pull",
    "  Repositories  team/**",
    "  Kinds         tag_moved",
    "",
    "Last deliveries",
    "  TIME                                 EVENTS         ATTEMPT   TOOK  ANSWER",
    "  2026-03-01T11:59:52.000Z  8 s ago    3 (#13 - #17)        2    5 s  no answer within 5s",
    "  2026-03-01T11:59:00.000Z  1 min ago  1 (#12)              1  12 ms  200 OK",
    "",
  ]);
});

test("a name that is not configured is answered with those that are", async () => {
  await using server = await serveFake(NotificationService, {
    getWebhook: ({ name }) => ({ webhook: known(name) }),
    pauseWebhook: ({ name }) => ({ webhook: known(name) }),
    listWebhooks: () => ({ webhooks: [WELL, FAILING] }),
  });
  for (const command of ["show", "pause"]) {
    const { code, stderr } = await here(command, "scaner", "--server", server.url);
    assert.equal(code, 1);
    assert.equal(stderr, 'stowage: there is no webhook "scaner"; there are: audit, scanner\n');
  }
});

test("test tells how the receiver answered, and fails when it did not accept", async () => {
  const answers = [
    { status: 204, duration: durationFromMs(12) },
    { status: 404, duration: durationFromMs(1200), error: "the receiver answered 404" },
    { duration: durationFromMs(3), error: "connection refused" },
  ].map((answer) => create(DeliverySchema, { test: true, attempt: 1, ...answer }));
  await using server = await serveFake(NotificationService, {
    testWebhook: () => ({ delivery: answers.shift() ?? {} }),
  });
  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await here("test", "scanner", ...args, "--server", server.url);
    return [code, stdout, stderr];
  };
  assert.deepEqual(await run(), [0, "204 No Content after 12 ms\n", ""]);
  assert.deepEqual(await run(), [
    1,
    "404 Not Found after 1.2 s\n",
    "stowage: webhook scanner does not work: 404 Not Found\n",
  ]);
  const [code, stdout, stderr] = await run("--json");
  assert.equal(code, 1);
  assert.equal(JSON.parse(String(stdout)).error, "connection refused");
  assert.equal(stderr, "stowage: webhook scanner does not work: connection refused\n");
});

test("pause and resume tell what the webhook does now", async () => {
  const paused = create(WebhookSchema, { ...FAILING, state: Webhook_State.PAUSED });
  await using server = await serveFake(NotificationService, {
    pauseWebhook: () => ({ webhook: paused }),
    resumeWebhook: () => ({ webhook: WELL }),
  });
  const run = async (command: string) => (await here(command, "scanner", "--server", server.url)).stdout;
  assert.equal(
    await run("pause"),
    "Webhook scanner is paused, with 1,228 events after #12 to look through.\n",
  );
  assert.equal(await run("resume"), "Webhook audit is active, with 0 events after #1240 to look through.\n");
});

test("replay begins at exactly one place", async () => {
  const starts: ReplayWebhookRequest["start"][] = [];
  await using server = await serveFake(NotificationService, {
    replayWebhook: ({ start }) => {
      starts.push(start);
      return { webhook: WELL };
    },
  });
  const run = (...args: readonly string[]) => here("replay", "audit", ...args, "--server", server.url);
  for (const start of [["--after", "#12"], ["--since", "2h"], ["--from-start"], ["--skip-waiting"]])
    assert.equal((await run(...start)).code, 0);
  assert.deepEqual(
    starts.map((start) => start.case),
    ["afterCursor", "fromTime", "fromStart", "fromNow"],
  );
  assert.equal(starts[0]?.value, "12");
  assert.deepEqual(starts[1]?.value, timestampFromDate(new Date("2026-03-01T10:00:00Z")));
  for (const wrong of [
    [],
    ["--after", "1", "--since", "2h"],
    ["--from-start", "--skip-waiting"],
    ["--after", "1", "--skip-waiting"],
    ["--since", "yesterday"],
  ])
    assert.equal((await run(...wrong)).code, 2, wrong.join(" "));
  assert.equal(starts.length, 4);
});

test("replay from before what is kept says where it can begin", async () => {
  await using server = await serveFake(NotificationService, {
    replayWebhook: () => {
      throw expiredCursor("900");
    },
  });
  const { code, stderr } = await here("replay", "audit", "--after", "1", "--server", server.url);
  assert.equal(code, 1);
  assert.match(stderr, /--from-start begins at the oldest that are kept, which is --after 900/);
});

test("dead letters are listed, also without the word list, over all pages", async () => {
  const letters = ["5", "9"].map((id) =>
    create(DeadLetterSchema, {
      deadLetterId: id,
      event: { cursor: id, repository: "team/a", kind: { case: "tagCreated", value: { tag: "v1" } } },
      time: before(60_000),
      attempts: 10,
      status: 410,
      error: "the receiver answered 410",
    }),
  );
  await using server = await serveFake(NotificationService, {
    listDeadLetters: ({ pageToken }) =>
      pageToken === ""
        ? { deadLetters: letters.slice(0, 1), nextPageToken: "next" }
        : { deadLetters: letters.slice(1) },
  });
  const short = await here("dead-letters", "scanner", "--server", server.url);
  assert.deepEqual(short.stdout.split("\n").slice(0, 3), [
    "ID  GIVEN UP                              ATTEMPTS  LAST ANSWER  KIND         REPOSITORY",
    " 5  1 min ago (2026-03-01T11:59:00.000Z)        10  410 Gone     tag_created  team/a:v1   :",
    " 9  1 min ago (2026-03-01T11:59:00.000Z)        10  410 Gone     tag_created  team/a:v1   :",
  ]);
  const long = await here("dead-letters", "list", "scanner", "--json", "--server", server.url);
  assert.deepEqual(
    jsonLines(long.stdout).map(({ deadLetterId }) => deadLetterId),
    ["5", "9"],
  );
});

test("dead letters are redelivered, all or some, and what fails again is a failure", async () => {
  const asked: string[][] = [];
  await using server = await serveFake(NotificationService, {
    redeliverDeadLetters: ({ deadLetterIds }) => {
      asked.push(deadLetterIds);
      return deadLetterIds.length === 0 ? { delivered: 2 } : { remaining: 2, error: "410 Gone" };
    },
  });
  const run = (...args: readonly string[]) =>
    here("dead-letters", "redeliver", "scanner", ...args, "--server", server.url);
  assert.equal((await run()).stdout, "2 events delivered, 0 left.\n");
  const failed = await run("#5", "9", "--json");
  assert.deepEqual(JSON.parse(failed.stdout), { delivered: 0, remaining: 2, error: "410 Gone" });
  assert.deepEqual([failed.code, failed.stderr], [1, "stowage: webhook scanner failed again: 410 Gone\n"]);
  assert.deepEqual(asked, [[], ["5", "9"]]);
});

test("dead letters are only discarded by id, or when all are meant", async () => {
  const asked: string[][] = [];
  await using server = await serveFake(NotificationService, {
    deleteDeadLetters: ({ deadLetterIds }) => {
      asked.push(deadLetterIds);
      return { deleted: deadLetterIds.length || 7 };
    },
  });
  const run = (...args: readonly string[]) =>
    here("dead-letters", "discard", "scanner", ...args, "--server", server.url);
  for (const wrong of [[], ["5", "--all"]]) assert.equal((await run(...wrong)).code, 2);
  assert.equal((await run("5")).stdout, "1 event forgotten.\n");
  assert.equal((await run("--all")).stdout, "7 events forgotten.\n");
  assert.deepEqual(asked, [["5"], []]);
});

test("a server that knows nothing of webhooks is told apart from one that is not there", async () => {
  await using server = await serveFake(NotificationService, {});
  const { code, stderr } = await here("list", "--server", server.url);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^stowage: http:\/\/127\.0\.0\.1:\d+: .*; is it a Stowage registry, and of this version\?$/m,
  );
});

const LINE = "https://hooks.scanner.internal.example.com/registry/events/v2";

test("tables fit a terminal of 80 and of 120 columns; a pipe gets everything", async () => {
  await using server = await serveFake(NotificationService, {
    listWebhooks: () => ({ webhooks: [{ ...WELL, url: LINE }, FAILING] }),
    listDeliveries: () => ({ deliveries: DELIVERIES }),
  });
  const at = async (columns: number, ...args: readonly string[]) => {
    const terminal = { isTerminal: true, hasColors: false, columns, now: NOW };
    const { stdout } = await stowageHere(["webhooks", ...args, "--server", server.url], terminal);
    for (const line of stdout.split("\n")) assert.ok(line.length <= columns, line);
    return stdout.split("\n");
  };
  assert.deepEqual(await at(80, "list"), [
    "NAME     STATE       LAG  DELIVERED  DEAD LETTERS  MISSED  LAST SUCCESS",
    "audit    active        0     12,345             0       0  3 s ago",
    "scanner  retrying  1,228         12             2       4  never",
    "",
    "FAILING  LAST ANSWER",
    "scanner  503 Service Unavailable: the receive…  4 failures, next attempt in 12 s",
    "",
  ]);
  assert.deepEqual((await at(120, "list")).slice(0, 2), [
    "NAME     STATE       LAG  DELIVERED  DEAD LETTERS  MISSED  LAST SUCCESS  URL",
    "audit    active        0     12,345             0       0  3 s ago       https://hooks.scan…ample.com/registry/events/v2",
  ]);
  assert.deepEqual((await at(60, "deliveries", "audit")).slice(0, 2), [
    "TIME       EVENTS         ATTEMPT   TOOK  ANSWER",
    "8 s ago    3 (#13 - #17)        2    5 s  no answer within …",
  ]);
  assert.match((await here("list", "--server", server.url)).stdout, /events\/v2$/m);
});

test("replay tells from where and how much there is to look through", async () => {
  let webhook = { ...WELL, cursor: "30", lag: 11n };
  await using server = await serveFake(NotificationService, { replayWebhook: () => ({ webhook }) });
  const run = async () => (await here("replay", "audit", "--from-start", "--server", server.url)).stdout;
  assert.equal(await run(), "Replaying from after #30: 11 events to look through.\n");
  webhook = { ...webhook, state: Webhook_State.PAUSED };
  assert.match(await run(), /^Replaying from after #30.*\nWebhook audit is paused, /);
});
