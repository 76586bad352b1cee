import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { createFollowNotices } from "../../src/commands/follow-notices.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { parseLines } from "./push.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");

/** Events of so many minutes ago, oldest first. */
const MINUTES = [30_000, 3000, 300, 90, 30, 3, 2, 1];
const EVENTS = MINUTES.map((minutes, index) => ({
  cursor: String(index + 1),
  time: timestampFromMs(NOW - minutes * 60_000),
}));

/** Lists from a time in pages of two, and tells from when it was asked for. */
function listing(asked: (number | undefined)[] = []) {
  return serveFake(EventService, {
    listEvents: ({ fromTime, afterCursor }) => {
      const from = fromTime === undefined ? 0 : timestampMs(fromTime);
      if (afterCursor === "") asked.push(fromTime === undefined ? undefined : (NOW - from) / 3_600_000);
      const rest = EVENTS.filter(
        ({ cursor, time }) => Number(cursor) > Number(afterCursor) && timestampMs(time) >= from,
      );
      const events = rest.slice(0, 2);
      return { events, nextCursor: events.at(-1)?.cursor ?? afterCursor, more: rest.length > 2 };
    },
    async *subscribe() {
      yield { message: { case: "ready", value: { cursor: "0" } } };
      for (const event of EVENTS) yield { message: { case: "event", value: event } };
      throw new ConnectError("there was more to come", Code.Internal);
    },
  });
}

async function cursors(url: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await stowageHere(["events", "--json", ...args, "--server", url], {
    now: NOW,
  });
  assert.equal(code, 0, stderr);
  return stdout === "" ? [] : parseLines(stdout).map(({ cursor }) => Number(cursor));
}

test("the last events are looked for as far back as needed", async () => {
  const asked: (number | undefined)[] = [];
  await using server = await listing(asked);
  assert.deepEqual(await cursors(server.url, "--last", "2"), [7, 8]);
  assert.deepEqual(asked.splice(0), [1]);
  assert.deepEqual(await cursors(server.url, "-n", "6"), [3, 4, 5, 6, 7, 8]);
  assert.deepEqual(asked.splice(0), [1, 24]);
  assert.deepEqual(await cursors(server.url, "-n", "100"), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(asked.splice(0), [1, 24, 168, undefined]);
});

test("until ends a list and a following before the first event that is later", async () => {
  await using server = await listing();
  assert.deepEqual(await cursors(server.url, "--until", "90m"), [1, 2, 3, 4]);
  assert.deepEqual(await cursors(server.url, "--until", "10m", "--follow"), [1, 2, 3, 4, 5]);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["--last", "0"], /--last 0: say how many/],
  [["--last", "many"], /--last many: say how many/],
  [["--last", "3", "--follow"], /--last does not go with --follow/],
  [["--last", "3", "--since", "1h"], /cannot be used with option/],
  [["--until", "tomorrow"], /--until: "tomorrow" is no time/],
];
for (const [args, expected] of WRONG) {
  test(`"events ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["events", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  });
}

/** What is said when these messages come. */
async function notices(
  isTerminal: boolean,
  isSnapshot: boolean,
  cases: readonly ("ready" | "snapshotEnd")[],
) {
  const texts: string[] = [];
  const err = { isTerminal, hasColors: false, write: async (text: string) => void texts.push(text) };
  const notice = createFollowNotices({ err }, { server: "http://r", isSnapshot });
  for (const name of cases)
    await notice(
      name === "ready"
        ? { case: name, value: { $typeName: "stowage.v1.SubscribeResponse.Ready", cursor: "31" } }
        : { case: name, value: { $typeName: "stowage.v1.SubscribeResponse.SnapshotEnd", cursor: "31" } },
    );
  return texts;
}

test("a terminal is told that following begins, and everybody that it goes on after a break", async () => {
  const begun = "stowage: following http://r from #31\n";
  const again = "stowage: http://r: connected again, nothing missed, going on after #31\n";
  const anew = "stowage: http://r: connected again, beginning the snapshot anew\n";
  assert.deepEqual(await notices(true, false, ["ready", "ready"]), [begun, again]);
  assert.deepEqual(await notices(false, false, ["ready", "ready"]), [again]);
  assert.deepEqual(await notices(false, true, ["ready", "ready", "snapshotEnd", "ready"]), [anew, again]);
});
