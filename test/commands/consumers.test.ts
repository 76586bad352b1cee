import assert from "node:assert/strict";
import { test } from "node:test";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand, startServe, stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { parseLines, push } from "./push.ts";

/** Follows as "scanner"; tells the tags that come into being. */
function follow(url: string, ...args: readonly string[]): RunningCommand {
  const choice = ["-k", "tag_created", "--json", "--consumer", "scanner"];
  return new RunningCommand(["events", "--follow", ...choice, ...args, "--server", url]);
}

const nextTag = async (follower: RunningCommand) => JSON.parse(await follower.line()).tagCreated.tag;

async function consumers(url: string) {
  const { code, stdout, stderr } = await stowageHere(["consumers", "list", "--json", "--server", url]);
  assert.equal(code, 0, stderr);
  return parseLines(stdout);
}

/** Waits until everything up to the log's last event is acknowledged, whoever follows or does not. */
async function untilAcknowledged(url: string): Promise<void> {
  const all = parseLines((await stowageHere(["events", "--json", "--server", url])).stdout);
  await eventually("the acknowledgement of the last event", async () =>
    (await consumers(url))[0]?.cursor === all.at(-1)?.cursor ? true : undefined,
  );
}

test("a consumer goes on behind what was printed, and what was printed is acknowledged while it follows", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "a", "v1", "one");
  {
    await using first = follow(url, "--from", "start");
    assert.equal(await nextTag(first), "v1");
    await untilAcknowledged(url);
    assert.equal((await consumers(url))[0]?.connected, true);
    await push(url, "a", "v2", "two");
    assert.equal(await nextTag(first), "v2");
    first.signal("SIGINT");
    assert.equal(await first.exit(), 0);
  }
  await untilAcknowledged(url);
  await push(url, "a", "v3", "three");
  await using second = follow(url, "--from", "start");
  assert.equal(await nextTag(second), "v3");
  assert.match(
    second.errors,
    /--from is not used: consumer scanner exists and goes on after #\d+, with \d+ events? to come/,
  );
});

test("a consumer goes on over a restart of the registry: nothing missed, nothing twice", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const registry = await LocalRegistry.start({ directory });
  t.after(() => registry.stop());
  await push(registry.url, "a", "v1", "one");
  await using follower = follow(registry.url, "--from", "start");
  assert.equal(await nextTag(follower), "v1");
  for (const tag of ["v2", "v3"]) {
    // At once, before the batch is acknowledged.
    await registry.kill();
    await registry.restart();
    await push(registry.url, "a", tag, tag);
    assert.equal(await nextTag(follower), tag);
  }
  follower.signal("SIGINT");
  assert.equal(await follower.exit(), 0);
});

test("a snapshot as a consumer ends where its events begin", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "a", "v1", "one");
  {
    await using first = follow(url, "--snapshot");
    assert.ok(JSON.parse(await first.line()).ready);
    assert.equal(JSON.parse(await first.line()).snapshotItem.tag.tag, "v1");
    assert.ok(JSON.parse(await first.line()).snapshotEnd);
    await untilAcknowledged(url);
  }
  await push(url, "a", "v2", "two");
  await using second = follow(url);
  assert.equal(await nextTag(second), "v2");
});

test("who follows as the same consumer takes it over, and the first one says so", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "a", "v1", "one");
  await using first = follow(url, "--from", "start");
  assert.equal(await nextTag(first), "v1");
  await untilAcknowledged(url);
  await using second = follow(url);
  assert.equal(await first.exit(), 1);
  assert.match(first.errors, /^stowage: consumer scanner was taken over/m);
  await push(url, "a", "v2", "two");
  assert.equal(await nextTag(second), "v2");
});

test("a consumer is deleted by its name, and who follows as it is told", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "a", "v1", "one");
  await using follower = follow(url, "--from", "start");
  assert.equal(await nextTag(follower), "v1");
  const remove = (name: string) => stowageHere(["consumers", "delete", name, "--server", url]);
  const wrong = await remove("scaner");
  assert.equal(wrong.code, 1);
  assert.equal(wrong.stderr, 'stowage: there is no consumer "scaner"; there are: scanner\n');
  assert.equal((await remove("scanner")).stdout, "Consumer scanner is deleted.\n");
  assert.equal(await follower.exit(), 1);
  assert.match(follower.errors, /^stowage: consumer scanner was deleted/m);
  const { stdout } = await stowageHere(["consumers", "list", "--server", url]);
  assert.match(stdout, /^There are no consumers\..*\n +stowage events --follow --consumer NAME\n$/);
});

test("consumers list shows in a table who lags, who is connected and who has lost events", async () => {
  const time = (text: string) => ({ seconds: BigInt(Date.parse(text) / 1000) });
  const createTime = time("2026-03-01T11:00:00Z");
  const pages = [
    [
      {
        name: "a",
        cursor: "12",
        lag: 12_345n,
        createTime,
        acknowledgeTime: time("2026-03-01T11:59:00Z"),
        connected: true,
      },
    ],
    [
      { name: "bb", cursor: "1", createTime, expired: true },
      { name: "c", cursor: "7", createTime },
    ],
  ];
  await using server = await serveFake(EventService, {
    listConsumers: ({ pageToken }) =>
      pageToken === "" ? { consumers: pages[0] ?? [], nextPageToken: "2" } : { consumers: pages[1] ?? [] },
  });
  const now = Date.parse("2026-03-01T12:00:00Z");
  const { stdout } = await stowageHere(["consumers", "list", "--server", server.url], { now });
  assert.deepEqual(stdout.split("\n"), [
    "NAME  STATE         LAG  CURSOR  ACKNOWLEDGED                          CREATED",
    "a     connected  12,345     #12  1 min ago (2026-03-01T11:59:00.000Z)  1 h ago (2026-03-01T11:00:00.000Z)",
    "bb    expired         0      #1  never                                 1 h ago (2026-03-01T11:00:00.000Z)",
    "c     away            0      #7  never                                 1 h ago (2026-03-01T11:00:00.000Z)",
    "",
  ]);
  const terminal = { isTerminal: true, hasColors: false, columns: 60, now };
  const narrow = await stowageHere(["consumers", "list", "--server", server.url], terminal);
  assert.deepEqual(narrow.stdout.split("\n").slice(0, 2), [
    "NAME  STATE         LAG  CURSOR  ACKNOWLEDGED  CREATED",
    "a     connected  12,345     #12  1 min ago     1 h ago",
  ]);
});
