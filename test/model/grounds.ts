// Where sequences are done: a registry over stores in memory, one whose cellar is a disk and which can import trees, and
// one in a process of its own with everything on a disk.
import { join } from "node:path";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "../../src/blobs/memory-upload-store.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import type { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Bench, START } from "./bench.ts";
import { DAY, HOUR } from "./choice.ts";
import { KilledRegistry } from "./killed-registry.ts";
import { LocalRegistry } from "./local-registry.ts";
import { Model } from "./model.ts";
import type { ModelOptions } from "./model-parts.ts";
import { Pool } from "./pool.ts";
import type { TagQuota } from "./quota.ts";
import type { Registry } from "./registry.ts";
import type { Ground } from "./sequence.ts";
import { plantIn } from "./tree.ts";

const pool = new Pool();
const legible = (text: string) => pool.legible(text);

function chooseOptions(random: Random): ModelOptions {
  return {
    referencedDeletion: random.chance(0.6) ? "refuse" : "allow",
    trashAgeMs: random.pick([0, 3 * DAY, 7 * DAY]),
    graceMs: random.pick([2 * HOUR, DAY]),
    tagHistoryMs: random.pick([5 * DAY, 30 * DAY]),
    ...(random.chance(0.5) && { quota: chooseQuota(random) }),
  };
}

function chooseQuota(random: Random): TagQuota {
  const scope = random.pick([{}, { below: "" }, { below: "team" }]);
  return { tags: random.integer(1, 5), ...scope };
}

function counter(): () => number {
  let counted = 0;
  return () => ++counted;
}

/** The registry is asked for the time of its model, which comes after it. */
function besideModel(options: ModelOptions, open: (now: () => number) => Registry): Bench {
  const clock: { bench?: Bench } = {};
  const registry = open(() => clock.bench?.model.time ?? START);
  clock.bench = new Bench(registry, new Model(pool, options, START));
  return clock.bench;
}

/** Everything in memory. */
export function memoryGround(random: Random): Ground {
  const options = chooseOptions(random);
  return {
    options,
    choice: { imports: false, purgesUploads: true, crashes: 6 },
    legible,
    isRepeatable: true,
    within: async (use) => {
      const metadata = new Catalogue(await openMemoryEngine());
      const bench = besideModel(options, (now) => {
        const blobs = new MemoryBlobStore();
        const uploads = new MemoryUploadStore({ blobs, now });
        return new LocalRegistry({
          stores: { blobs, uploads, metadata },
          pool,
          options,
          now,
          count: counter(),
        });
      });
      return use(bench).finally(() => metadata.close());
    },
  };
}

/** The cellar in a directory. Its files have times of their own, so that old uploads cannot be told by the model's. */
export function diskGround(random: Random): Ground {
  const options = chooseOptions(random);
  return {
    options,
    choice: { imports: true, purgesUploads: false, crashes: 6 },
    legible,
    isRepeatable: true,
    within: async (use) => {
      const directory = await makeTemporaryDirectory();
      const root = join(directory, "stowage");
      const { blobs, uploads, adopter } = await openFilesystemStores({ root, now: Date.now });
      const metadata = new Catalogue(await openMemoryEngine());
      const stores = { blobs, uploads, metadata };
      const parts = { stores, pool, options, adopter, plant: plantIn(directory, pool), count: counter() };
      try {
        return await use(besideModel(options, (now) => new LocalRegistry({ ...parts, now })));
      } finally {
        await adopter.close();
        await uploads.close();
        await blobs.close();
        await metadata.close();
        await removeTemporaryDirectory(directory);
      }
    },
  };
}

/** A process with all of it on a disk; the counts are of what happened to it. */
export function processGround(random: Random, counts: { kills: number; interrupted: number }): Ground {
  const options = chooseOptions(random);
  return {
    options,
    choice: { imports: true, purgesUploads: false, crashes: 25 },
    legible,
    isRepeatable: false,
    within: async (use) => {
      const directory = await makeTemporaryDirectory();
      const opened: { registry?: KilledRegistry } = {};
      const bench = besideModel(options, (now) => {
        opened.registry = new KilledRegistry({ directory, options, now });
        return opened.registry;
      });
      try {
        await opened.registry?.start();
        return await use(bench);
      } finally {
        await opened.registry?.stop();
        counts.kills += opened.registry?.kills ?? 0;
        counts.interrupted += opened.registry?.interrupted ?? 0;
        await removeTemporaryDirectory(directory);
      }
    },
  };
}
