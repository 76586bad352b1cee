import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { RunningCommand, startServe, stowageHere } from "./cli.ts";
import { expiredCursor, serveFake } from "./fake-service.ts";
import { parseLines, push } from "./push.ts";

type Json = Record<string, { readonly tag?: string } & Record<string, unknown>>;

async function read(url: string, ...args: readonly string[]): Promise<Json[]> {
  const { code, stdout, stderr } = await stowageHere(["events", "--json", ...args, "--server", url]);
  assert.equal(code, 0, stderr);
  return parseLines(stdout) as Json[];
}

const tagsOf = (events: readonly Json[]) => events.map((event) => event.tagCreated?.tag ?? "");

test("events are chosen by patterns of repositories, tags, media types and artifact types, each given often", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "team/a", "v1", "one");
  await push(url, "team/b/c", "latest", "two");
  await push(url, "teams", "v2", "three");
  const tags = async (...args: readonly string[]) => tagsOf(await read(url, "-k", "tag_created", ...args));
  assert.deepEqual(await tags("-r", "team/"), ["v1", "latest"]);
  assert.deepEqual(await tags("-r", "team/*"), ["v1"]);
  assert.deepEqual(await tags("-r", "team/b/", "-r", "teams"), ["latest", "v2"]);
  assert.deepEqual(await tags("-r", "team"), []);
  assert.deepEqual(await tags("--tag", "v?", "--tag", "lat*"), ["v1", "latest", "v2"]);
  assert.deepEqual(await tags("--tag", "v*", "--artifact-type", "application/x-*"), ["v1", "v2"]);
  assert.deepEqual(await tags("--artifact-type", "other/*"), []);
  assert.equal((await read(url, "--media-type", "application/octet-stream")).length, 3);
  const [pushed] = await read(url, "-k", "manifest_pushed", "--references");
  assert.equal(pushed?.manifestPushed?.referenceCount, 1);
});

test("since chooses by time, of the log and while following", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "a", "v1", "one");
  await wait(20); // So that the times differ.
  await push(url, "a", "v2", "two");
  const all = await read(url, "-k", "tag_created");
  const since = String(all[1]?.time);
  assert.deepEqual(tagsOf(await read(url, "-k", "tag_created", "--since", since)), ["v2"]);
  assert.equal((await read(url, "-k", "tag_created", "--since", "1h")).length, 2);
  const follow = ["events", "--follow", "--json", "-k", "tag_created", "--since", since, "--server", url];
  await using follower = new RunningCommand(follow);
  assert.equal(JSON.parse(await follower.line()).tagCreated.tag, "v2");
});

test("a snapshot tells what exists and ends, or goes on with what happens since", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "team/a", "v1", "one");
  const items = await read(url, "--snapshot");
  assert.deepEqual(
    items.map((line) => Object.keys(line)[0]),
    ["ready", ...Array(4).fill("snapshotItem"), "snapshotEnd"],
  );
  const follow = ["events", "--follow", "--snapshot", "-k", "tag_created", "-r", "team/*", "--server", url];
  await using follower = new RunningCommand(follow);
  assert.match(await follower.line(), /Z {2}exists +team\/a:v1 +tag sha256:[0-9a-f]{12}$/);
  assert.match(await follower.line(), /^-- this existed at #\d+$/);
  await push(url, "team/a", "v2", "two");
  assert.match(await follower.line(), / tag_created +team\/a:v2 +sha256:/);
});

test("who stops reading ends the command quietly", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "team/a", "v1", "one");
  await using follower = new RunningCommand(["events", "--follow", "--from", "start", "--server", url]);
  await follower.line();
  follower.stopReading();
  for (const tag of ["v2", "v3"]) await push(url, "team/a", tag, tag);
  assert.equal(await follower.exit(), 0);
  assert.equal(follower.errors, "");
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["--since", "yesterday"], /--since: "yesterday" is no time/],
  [["--since", "1h", "--from", "7"], /'--from <place>' cannot be used with option '--since <time>'/],
  [["--snapshot", "--from", "7"], /cannot be used with option '--snapshot'/],
  [["--snapshot", "--since", "1h"], /cannot be used with option '--snapshot'/],
  [["--consumer", "a"], /--consumer needs --follow/],
  [["--references"], /--references needs --json/],
];
for (const [args, expected] of WRONG) {
  test(`"events ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["events", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  });
}

test("a cursor whose events are gone is explained with the ways out", async () => {
  await using server = await serveFake(EventService, {
    listEvents: () => {
      throw expiredCursor("900");
    },
    // biome-ignore lint/correctness/useYield: it fails before there is anything.
    async *subscribe() {
      throw expiredCursor("900");
    },
    createConsumer: () => ({ consumer: { name: "scanner" } }),
  });
  for (const args of [
    ["--from", "1"],
    ["--from", "1", "--follow"],
  ]) {
    const { code, stderr } = await stowageHere(["events", ...args, "--server", server.url]);
    assert.equal(code, 1);
    assert.match(stderr, /were removed from the log/);
    assert.match(stderr, /what happens since: --snapshot --follow$/m);
    assert.match(stderr, /oldest that are kept: --from 900$/m);
  }
  const consumer = await stowageHere(["events", "--follow", "--consumer", "scanner", "--server", server.url]);
  assert.equal(consumer.code, 1);
  assert.match(consumer.stderr, /delete consumer scanner first, then --from 900$/m);
});
