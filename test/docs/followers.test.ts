// The examples of docs/events.md that follow the log tell everything in order, once,
// whatever is killed: the follower or the registry; and their mirrors have what exists
// and nothing else, whatever they missed. Each has a registry of its own.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";
import { callRpc } from "./rpc.ts";
import { TagPusher } from "./tag-pusher.ts";
import { Workshop } from "./workshop.ts";

/** So few events stay at a start that who was away for long has to start over. */
const EVENTS = { pulls: { enabled: false }, retention: { count: 6 } };

interface Follower {
  readonly name: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  readonly command: readonly string[];
  readonly prepare?: (workshop: Workshop) => Promise<void>;
  /** What a line says, where that is not the line. */
  readonly read?: (line: string) => string;
  /** The cursor that it goes on behind. */
  readonly place: (room: Room) => Promise<string>;
  /** What it believes to exist: what each tag points to. Absent: it keeps nothing, and ends when its events are gone. */
  readonly mirror?: (room: Room) => Promise<Readonly<Record<string, string>>>;
}

/** What a test has. */
interface Room {
  readonly registry: LocalRegistry;
  readonly workshop: Workshop;
  readonly pusher: TagPusher;
}

const page = await Page.read();

const FOLLOWERS: readonly Follower[] = [
  {
    name: "follow.ts",
    needs: [],
    command: ["node", "follow.ts"],
    place: acknowledgedBy("follow-ts"),
    mirror: (room) => readSaved(room, "follow-ts.json"),
  },
  {
    name: "follow.go",
    needs: ["go"],
    command: ["./follow"],
    prepare: async ({ directory }) => {
      const env = { ...process.env, GO111MODULE: "off" };
      await run(["go", "build", "-o", "follow", "follow.go"], { cwd: directory, env });
    },
    place: async (room) => (await readSaved(room, "follow-go.json")).Cursor,
    mirror: async (room) => (await readSaved(room, "follow-go.json")).Tags,
  },
  {
    name: "follow.py",
    needs: ["python3"],
    command: ["python3", "follow.py"],
    place: async (room) => (await readSaved(room, "follow-py.json")).cursor,
    mirror: async (room) => (await readSaved(room, "follow-py.json")).tags,
  },
  {
    name: "handle.sh",
    needs: ["bash"],
    command: ["bash", "handle.sh"],
    read: (line) => {
      const { repository, tagCreated, tagMoved, tagDeleted } = JSON.parse(line.replace("handling ", ""));
      const { tag, descriptor } = tagCreated ?? tagMoved ?? tagDeleted;
      return `${repository}:${tag} ${tagDeleted ? "gone" : descriptor.digest}`;
    },
    place: acknowledgedBy("follow-sh"),
  },
];

suite("followers on docs/events.md", { concurrency: true }, () => {
  for (const follower of FOLLOWERS)
    test(`${follower.name} tells all, in order and once, over kills of itself and of the registry`, {
      skip: lacking(...follower.needs),
    }, async () => {
      await using room = await openRoom(follower);
      await followThroughEverything(follower, room);
    });
});

async function openRoom({ name, prepare }: Follower): Promise<Room & AsyncDisposable> {
  const directory = await makeTemporaryDirectory();
  const registry = await LocalRegistry.start({ directory, sections: { events: EVENTS } });
  const workshop = await Workshop.open({ directory, url: registry.url });
  const pusher = new TagPusher(registry.host);
  await workshop.write(name, page.named(name));
  await prepare?.(workshop);
  return {
    registry,
    workshop,
    pusher,
    async [Symbol.asyncDispose]() {
      pusher[Symbol.dispose]();
      await registry.stop();
      await removeTemporaryDirectory(directory);
    },
  };
}

async function followThroughEverything(follower: Follower, room: Room): Promise<void> {
  const { registry, pusher } = room;
  const expected = [...(await pusher.pushAll(["one", "two"]))].sort();
  {
    await using example = room.workshop.start(follower.command);
    await example.waitFor(expected.length);
    expected.push(...(await pusher.pushAll(["three", "one", "two"])), await pusher.delete("one"));
    await example.waitFor(expected.length);
    await registry.kill();
    await registry.restart();
    expected.push(await pusher.push("three"));
    await example.waitFor(expected.length);
    assert.deepEqual(told(follower, example.lines), expected);
    await untilCaughtUp(follower, room);
  }
  const missed = [await pusher.push("one"), await pusher.push("four")];
  {
    await using example = room.workshop.start(follower.command);
    await example.waitFor(missed.length);
    missed.push(await pusher.push("five"), await pusher.delete("two"));
    await example.waitFor(missed.length);
    assert.deepEqual(told(follower, example.lines), missed);
    await untilCaughtUp(follower, room);
  }
  await assertMirrorIsRight(follower, room);
  if (follower.mirror !== undefined) await startOver(follower, room);
}

/** More happens than the registry keeps, so that nothing tells any more that a tag was deleted. */
async function startOver(follower: Follower, room: Room): Promise<void> {
  const { registry, pusher, workshop } = room;
  const expected = [await pusher.delete("four")];
  expected.push(...(await pusher.pushAll(["six", "one", "three"])));
  await registry.stop();
  await registry.restart();
  await untilForgotten(registry, "tag_deleted");
  await using example = workshop.start(follower.command);
  await example.waitFor(expected.length);
  // A snapshot tells what is, not in which order it came about.
  assert.deepEqual([...told(follower, example.lines)].sort(), [...expected].sort());
  const since = [await pusher.push("seven"), await pusher.delete("six")];
  await example.waitFor(expected.length + since.length);
  assert.deepEqual(told(follower, example.lines).slice(expected.length), since);
  await untilCaughtUp(follower, room);
  await assertMirrorIsRight(follower, room);
}

async function untilForgotten({ url }: LocalRegistry, kind: string): Promise<void> {
  await eventually(`no ${kind} in the log`, async () => {
    const { events } = await callRpc(url, "EventService/ListEvents", { filter: { kinds: [kind] } });
    return events === undefined ? true : undefined;
  });
}

async function assertMirrorIsRight({ mirror }: Follower, room: Room): Promise<void> {
  if (mirror === undefined) return;
  const lines = Object.entries(await mirror(room)).map(([name, digest]) => `${name} ${digest}`);
  assert.deepEqual(lines.sort(), [...room.pusher.existing].sort());
}

function told({ read = (line) => line }: Follower, lines: readonly string[]): readonly string[] {
  return lines.map(read);
}

/** A kill in between might let it tell the last event again, as the page says. */
async function untilCaughtUp({ place }: Follower, room: Room): Promise<void> {
  const { nextCursor } = await callRpc(room.registry.url, "EventService/ListEvents", { pageSize: 1000 });
  await eventually(`place ${nextCursor}`, async () =>
    (await place(room)) === nextCursor ? true : undefined,
  );
}

function acknowledgedBy(consumer: string): Follower["place"] {
  return async ({ registry }) => {
    const { consumers } = await callRpc(registry.url, "EventService/ListConsumers");
    return consumers.find(({ name }: { readonly name: string }) => name === consumer).cursor;
  };
}

async function readSaved({ workshop }: Room, file: string) {
  return JSON.parse(await readFile(join(workshop.directory, file), "utf8"));
}
