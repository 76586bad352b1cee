// How many sessions a repository has open: each is counted once, however it ends and whoever else ends it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UploadName } from "../../src/core/uploads.ts";
import { openUploadsKey } from "../../src/metadata/keeping-keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { inChunks, someBytes } from "../support/byte-streams.ts";
import { type Study, withCore } from "./study.ts";

const repository = parseRepositoryName("a/b");
const other = parseRepositoryName("c");
const CONTENT = someBytes(1000);
const DIGEST = digestOf(CONTENT);

const open = ({ context }: Study, name = repository) => context.metadata.get(openUploadsKey(name));

async function begin({ core }: Study, name = repository): Promise<UploadName> {
  const { id } = await core.uploads.create(name);
  await core.uploads.write({ repository: name, id }, {}, inChunks(CONTENT, 100));
  return { repository: name, id };
}

/** The ways in which a session ends. */
const ENDS: Readonly<Record<string, (study: Study, name: UploadName) => Promise<unknown>>> = {
  commit: ({ core }, name) => core.uploads.commit(name, DIGEST, {}),
  "last bytes and commit": ({ core }, name) => {
    const whole = digestOf(Buffer.concat([CONTENT, CONTENT]));
    return core.uploads.writeAndCommit(name, {}, { digest: whole, origin: {} }, inChunks(CONTENT, 100));
  },
  cancel: ({ core }, name) => core.uploads.cancel(name, {}),
  expire: ({ core, clock }, name) => core.uploads.expire(name, clock.time + 1),
};

for (const [name, end] of Object.entries(ENDS)) {
  test(`${name} ends one session, also when it is asked for twice`, () =>
    withCore({}, async (study) => {
      const [first, second] = [await begin(study), await begin(study)];
      await begin(study, other);
      assert.deepEqual([await open(study), await open(study, other)], [2, 1]);
      await end(study, first);
      assert.equal(await open(study), 1);
      await end(study, first).catch(() => undefined);
      assert.equal(await open(study), 1);
      await end(study, second);
      assert.deepEqual([await open(study), await open(study, other)], [undefined, 1]);
    }));
}

test("of several who end a session at once one does", () =>
  withCore({}, async (study) => {
    for (let round = 0; round < 20; round++) {
      const name = await begin(study);
      const ends = Object.values(ENDS);
      const order = [...ends.slice(round % ends.length), ...ends.slice(0, round % ends.length)];
      await Promise.allSettled(order.map((end) => end(study, name)));
      assert.equal(await open(study), undefined, `round ${round}`);
    }
  }));

test("an attempt that fails leaves the session open, and counted", () =>
  withCore({}, async (study) => {
    const { core, clock } = study;
    const name = await begin(study);
    await assert.rejects(core.uploads.commit(name, digestOf(Buffer.from("other")), {}));
    await assert.rejects(core.uploads.cancel({ ...name, repository: other }, {}));
    assert.equal(await core.uploads.expire(name, clock.time), false);
    assert.deepEqual([await open(study), await open(study, other)], [1, undefined]);
  }));
