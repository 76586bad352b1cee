import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT_KINDS } from "../../src/oci/event-kinds.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand, startServe, stowage } from "./cli.ts";
import { parseLines, push } from "./push.ts";

/** Which of the members of an event is its kind, as JSON names it. */
function kindOf(event: Record<string, unknown>): string {
  const kind = EVENT_KINDS.find((name) => camelCase(name) in event);
  assert.ok(kind, JSON.stringify(event));
  return kind;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

test("events prints the log, filtered, from a cursor, as JSON or for people", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  await push(url, "team/a", "v1", "one");
  await push(url, "team/a", "v1", "two");
  await push(url, "other/b", "v1", "one");
  const all = await stowage(["events", "--json", "--server", url]);
  assert.equal(all.code, 0, all.stderr);
  const events = parseLines(all.stdout);
  const tags = events.filter((event) => kindOf(event).startsWith("tag_"));
  assert.deepEqual(tags.map(kindOf), ["tag_created", "tag_moved", "tag_created"]);

  const filtered = await stowage([
    "events",
    "--json",
    "--repository",
    "team/",
    "--kind",
    "tag_moved",
    "tag_deleted",
    "--server",
    url,
  ]);
  assert.deepEqual(parseLines(filtered.stdout), [tags[1]]);

  const later = await stowage(["events", "--json", "--from", String(tags[1]?.cursor), "--server", url]);
  assert.deepEqual(
    parseLines(later.stdout),
    events.filter(({ cursor }) => Number(cursor) > Number(tags[1]?.cursor)),
  );

  const lines = (await stowage(["events", "--server", url])).stdout.trimEnd().split("\n");
  assert.equal(lines.length, events.length);
  const moved = lines.find((line) => line.includes("tag_moved")) ?? "";
  assert.match(
    moved,
    /^\d{4}-\S+Z {2}tag_moved +team\/a:v1 +sha256:[0-9a-f]{12} -> sha256:[0-9a-f]{12} {2}from 127\.0\.0\.1 {2}#\d+$/,
  );
  assert.ok(!lines.join().includes("\u001b"), "no colours where there is no terminal");
});

test("a cursor that is none, and a server that is not there, are explained", async () => {
  const { command, url } = await startServe();
  await using running = command;
  const wrong = await stowage(["events", "--from", "nonsense", "--server", url]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^stowage: .*nonsense/);
  running.signal("SIGTERM");
  await running.exit();
  for (const follow of [[], ["--follow"]]) {
    const { code, stderr } = await stowage(["events", ...follow, "--server", url]);
    assert.equal(code, 1);
    assert.match(stderr, /^stowage: http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
    assert.doesNotMatch(stderr, /^ +at /m);
  }
});

test("events --follow goes on over a restart of the registry: nothing missed, nothing twice", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const registry = await LocalRegistry.start({ directory });
  t.after(() => registry.stop());
  await push(registry.url, "a", "v1", "one");
  await using follower = new RunningCommand([
    "events",
    "--follow",
    "--from",
    "start",
    "--kind",
    "tag_created",
    "--json",
    "--server",
    registry.url,
  ]);
  const next = async () => JSON.parse(await follower.line()).tagCreated.tag;
  assert.equal(await next(), "v1");
  await push(registry.url, "a", "v2", "two");
  assert.equal(await next(), "v2");
  await registry.stop();
  await registry.restart();
  await push(registry.url, "a", "v3", "three");
  assert.equal(await next(), "v3");
  await registry.kill();
  await registry.restart();
  await push(registry.url, "a", "v4", "four");
  assert.equal(await next(), "v4");
  assert.match(follower.errors, /trying again in about 0\.5 s/);
  assert.equal(follower.errors.match(/connected again, nothing missed, going on after #\d+$/gm)?.length, 2);
  follower.signal("SIGINT");
  assert.equal(await follower.exit(), 0);
});
