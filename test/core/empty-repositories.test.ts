// A repository ends with the last thing in it, whichever way that goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { repositoryKey } from "../../src/metadata/keys.ts";
import { pushBlob, pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { type Study, withCore } from "./study.ts";

const DAY = 24 * 60 * 60 * 1000;
const ON = { deleteEnabled: true };

const WAYS: Record<string, (study: Study) => Promise<unknown>> = {
  "its blob is deleted": async ({ core }) => {
    const digest = await pushBlob(core, "blob");
    await core.blobs.delete(repository, digest, NOBODY);
  },
  "its manifest is purged": async ({ core }) => {
    const { digest } = await pushIndex(core, []);
    await core.manifests.delete(repository, digest, NOBODY);
    await core.trash.purge(repository, digest);
  },
  "an upload that was still open is cancelled": async (study) => {
    const { core } = study;
    const digest = await pushBlob(core, "blob");
    const { id } = await core.uploads.create(repository);
    await core.blobs.delete(repository, digest, NOBODY);
    await core.uploads.cancel({ repository, id }, NOBODY);
  },
  "an upload that was still open is given up": async (study) => {
    const { core, clock } = study;
    const digest = await pushBlob(core, "blob");
    const { id } = await core.uploads.create(repository);
    await core.blobs.delete(repository, digest, NOBODY);
    clock.time += DAY;
    assert.ok(await core.uploads.expire({ repository, id }, clock.time - 1));
  },
};

for (const [way, empty] of Object.entries(WAYS)) {
  test(`nothing is left of a repository when ${way}`, () =>
    withCore(ON, async (study) => {
      const { context, clock } = study;
      await empty(study);
      for (let days = 0; days < 10; days += 2) {
        for await (const _ of new Collector({ context, rate: 0 }).run());
        clock.time += 2 * DAY;
      }
      assert.equal(await context.metadata.get(repositoryKey(repository)), undefined);
    }));
}
