// Whatever was done to a registry, in whatever order, with checkpoints and restarts in
// between: a rebuild gives what the catalogue had.
// STOWAGE_REBUILD_SEED repeats the choices of a run.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { CoreOptions } from "../../src/core/context.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { Rebuild } from "../../src/maintenance/rebuild/rebuild.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex } from "../core/pictures.ts";
import { Random } from "../support/random.ts";
import { catalogueState } from "./catalogue-state.ts";
import { expectClean, inFolder, type OpenRegistry, reports, withRegistry } from "./registry-folder.ts";

const DAY = 24 * 60 * 60 * 1000;
const SESSIONS = 6;
const STEPS = 25;
const REPOSITORIES = ["a", "a/b", "c"].map(parseRepositoryName);
const TAGS = ["v1", "v2", "latest"];
const LAYERS = ["one", "two", "three", "four"];

async function step({ core, context }: OpenRegistry, random: Random): Promise<void> {
  const repository = random.pick(REPOSITORIES);
  const tag = random.pick(TAGS);
  const known = (await core.tags.list(repository, { limit: 10 }, { namesOnly: false }).catch(() => undefined))
    ?.items;
  const target = known?.length ? random.pick(known) : undefined;
  const subject = target?.record;
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      await pushImage(core, [random.pick(LAYERS)], { repository, tags: [tag] });
      break;
    case 2:
      await pushImage(core, [random.pick(LAYERS)], {
        repository,
        tags: random.chance(0.5) ? [tag] : [],
        ...(subject !== undefined && { subject, artifactType: "a/b" }),
      });
      break;
    case 3:
      if (subject !== undefined) await pushIndex(core, [subject], { repository, tags: [tag] });
      break;
    case 4:
      await pushBlob(core, random.pick(LAYERS), repository);
      break;
    case 5:
      await core.blobs.mount({ repository, digest: blobOf(random.pick(LAYERS)) }, NOBODY);
      break;
    case 6:
      await core.tags.delete({ repository, tag: parseTag(tag) }, NOBODY);
      break;
    case 7:
      if (subject !== undefined) await core.manifests.delete(repository, subject.digest, NOBODY);
      break;
    case 8: {
      const trashed = (await core.trash.list(repository, { limit: 10 })).items;
      if (trashed.length > 0) await core.trash.restore(repository, random.pick(trashed).digest, NOBODY);
      break;
    }
    default:
      await collect({ core, context });
  }
}

async function collect({ context }: OpenRegistry): Promise<void> {
  for await (const _ of new Collector({ context, rate: 0 }).run({}));
}

async function live(root: string, random: Random, core: Partial<CoreOptions>): Promise<void> {
  for (let session = 0; session < SESSIONS; session++) {
    // Now and then nobody listens, and the next session tells it after the event.
    const options = { root, core, journal: random.chance(0.8), minChangesBytes: random.pick([1, 2000, 1e9]) };
    await withRegistry(options, async (registry) => {
      for (let count = 0; count < STEPS; count++)
        await step(registry, random).catch((error: unknown) => {
          if (!(error instanceof RegistryError)) throw error; // what is refused changes nothing
        });
    });
  }
}

for (const { name, options, settle } of [
  { name: "with all that was deleted still in the trash", options: {}, settle: false },
  {
    name: "with a collector that comes at once",
    options: { graceMs: 0, trashAgeMs: 30, tagHistoryMs: DAY },
    settle: true,
  },
]) {
  test(`a rebuild gives what there was, ${name}`, async (t) => {
    const random = Random.fromEnvironment("STOWAGE_REBUILD_SEED");
    t.diagnostic(`STOWAGE_REBUILD_SEED=${random.seed}`);
    await inFolder(async (root) => {
      await live(root, random, options);
      const state = () =>
        withRegistry({ root, journal: true, core: options }, async (registry) => {
          if (settle) {
            await wait(40);
            for (let round = 0; round < 3; round++) await collect(registry);
          }
          await expectClean(registry);
          return catalogueState(registry);
        });
      const before = await state();
      await rm(join(root, "metadata"), { recursive: true });
      const times = { graceMs: DAY, trashAgeMs: 7 * DAY, tagHistoryMs: 90 * DAY, ...options };
      const request = { root, moveAside: false, verify: random.chance(0.5), now: Date.now, ...times };
      const items = await Array.fromAsync(Rebuild.run(request));
      assert.deepEqual(
        items.filter(({ kind }) => kind.includes("lost") || kind === "journal-problem"),
        [],
      );
      assert.deepEqual(await state(), before);
      assert.deepEqual(reports, []);
    });
  });
}
