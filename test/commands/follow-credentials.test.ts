import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand } from "./cli.ts";
import { serveFake, unauthorized } from "./fake-service.ts";

test("following goes on with the token that took the place of one that ended, and ends when none did", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const file = join(directory, "token");
  const endings = new AbortController();
  const asked: (string | null)[] = [];
  await using server = await serveFake(EventService, {
    async *subscribe(_request, { requestHeader }) {
      const cursor = String(asked.push(requestHeader.get("authorization")));
      yield { message: { case: "ready", value: { cursor } } };
      yield { message: { case: "event", value: { cursor } } };
      // The first token ends when the test says so, the second one at once.
      if (!endings.signal.aborted) await once(endings.signal, "abort");
      throw unauthorized("what you were let in by does not hold any more");
    },
  });
  await writeFile(file, "stow_first\n");
  const args = ["events", "--follow", "--json", "--token-file", file, "--server", server.url];
  await using follower = new RunningCommand(args);
  assert.equal(JSON.parse(await follower.line()).cursor, "1");
  await writeFile(`${file}.new`, "stow_second\n");
  await rename(`${file}.new`, file);
  endings.abort();
  assert.equal(JSON.parse(await follower.line()).cursor, "2");
  assert.equal(await follower.exit(), 1);
  assert.deepEqual(asked, ["Bearer stow_first", "Bearer stow_second"]);
  assert.ok(
    follower.errors.includes(
      `${server.url}: the registry does not accept the credentials (--token-file ${file}): what you were let in by does not hold any more`,
    ),
    follower.errors,
  );
});
