// A snapshot and the events behind it are, together, what exists. While writers move, create and delete tags, one
// subscriber after the other begins with a snapshot; all must arrive at what the registry shows in the end.
// STOWAGE_EVENTS_SEED repeats the choices of a run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type EventClient, eventClient, newestCursor } from "./event-client.ts";
import { shownState, toldState } from "./repository-state.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { TaggedRepository } from "./tagged-repository.ts";

const SUBSCRIBERS = 20;
const WRITERS = 4;
const TAGS = Array.from({ length: 30 }, (_, number) => `tag-${number}`);

let directory: string;
before(async () => {
  directory = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(directory));

test("a snapshot taken while writers write, and the events behind it, make exactly what exists", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_EVENTS_SEED");
  t.diagnostic(`STOWAGE_EVENTS_SEED=${random.seed}`);
  const registry = await LocalRegistry.start({ directory });
  const http = new HttpCaller(registry.host);
  const client = eventClient(registry.url);
  await using readers = new AsyncDisposableStack();
  try {
    const repository = await TaggedRepository.create(http, "events/race");
    for (const tag of TAGS) await repository.pushTag(tag);
    const snapshots = await whileWriting(repository, random, () => takeSnapshots(client, readers));
    const end = await newestCursor(client);
    await Promise.all(snapshots.map((reader) => reader.upTo(end)));
    const expected = await shownState(repository);
    for (const { replay, snapshotCursor } of snapshots)
      assert.deepEqual(
        toldState(replay),
        expected,
        `what was told from the snapshot at ${snapshotCursor} on`,
      );
    const cursors = snapshots.map(({ snapshotCursor }) => snapshotCursor);
    t.diagnostic(`snapshots at ${cursors.join(", ")} of ${end}; ${expected.length} names in the end`);
  } finally {
    http.close();
    await registry.stop();
  }
});

/** Each is of a later moment than the one before. */
async function takeSnapshots(
  client: EventClient,
  readers: AsyncDisposableStack,
): Promise<readonly SnapshotReader[]> {
  const snapshots: SnapshotReader[] = [];
  while (snapshots.length < SUBSCRIBERS) {
    const reader = readers.use(await SnapshotReader.begin(client));
    snapshots.push(reader);
    await reader.upTo(String(Number(reader.snapshotCursor) + 1));
  }
  return snapshots;
}

async function whileWriting<T>(
  repository: TaggedRepository,
  random: Random,
  work: () => Promise<T>,
): Promise<T> {
  const writing = new AbortController();
  const writers = Array.from({ length: WRITERS }, () => write(repository, random.fork(), writing.signal));
  try {
    return await work();
  } finally {
    writing.abort();
    await Promise.all(writers);
  }
}

async function write(repository: TaggedRepository, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const choice = random.fraction();
    if (choice < 0.6) await repository.pushTag(random.pick(TAGS));
    else await repository.delete(random.pick(choice < 0.85 ? TAGS : repository.pushed));
  }
}
