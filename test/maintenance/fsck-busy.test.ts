// A check of a registry that is being used: what is on its way is no finding, and what
// is repaired meanwhile is repaired for good.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { Core } from "../../src/core/core.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { Fsck } from "../../src/maintenance/fsck/fsck.ts";
import { fsckKey, heldKey, linkHolderKey } from "../../src/metadata/keeping-keys.ts";
import { manifestCountKey } from "../../src/metadata/keys.ts";
import { add, remove } from "../../src/metadata/metadata-store.ts";
import type { RepositoryName } from "../../src/oci/reference.ts";
import { findings } from "./checking.ts";
import { type DiskStudy, pushImage, pushIndex, repositoryName, withDisk } from "./pushing.ts";

const REPOSITORIES = ["team/app", "team/tool", "other"].map(repositoryName);

/** Pushes, moves tags and deletes until the signal aborts. Resolves to how often. */
async function use({ core, clock }: DiskStudy, worker: number, signal: AbortSignal): Promise<number> {
  const repository = REPOSITORIES[worker % REPOSITORIES.length] ?? assert.fail();
  let round = 0;
  for (; !signal.aborted; round++) {
    clock.time += 1;
    await useOnce(core, repository, { worker, round }).catch(expected);
    await setImmediate();
  }
  return round;
}

async function useOnce(
  core: Core,
  repository: RepositoryName,
  { worker, round }: { readonly worker: number; readonly round: number },
): Promise<void> {
  const image = await pushImage(core, repository, `${worker % 2}-${round % 7}`, { tags: ["latest"] });
  const index = await pushIndex(core, repository, [image.manifest], [`multi-${worker}`]);
  if (round % 2 === 0) await core.manifests.delete(repository, index.digest, {}).catch(expected);
  if (round % 3 === 0) await core.manifests.delete(repository, image.manifest.digest, {}).catch(expected);
}

/** Collects until the signal aborts. Resolves to how often something was removed. */
async function collectAll({ context }: DiskStudy, signal: AbortSignal): Promise<number> {
  const collector = new Collector({ context, rate: 0 });
  while (!signal.aborted) {
    for await (const _ of collector.run({}, signal)) await setImmediate();
    await setImmediate();
  }
  return collector.status.totals.blobs;
}

/** Others delete too, or need it; without a grace time even what is being pushed may be collected. */
function expected(error: unknown): void {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  if (!["MANIFEST_UNKNOWN", "MANIFEST_IN_USE", "MANIFEST_BLOB_UNKNOWN"].includes(code)) throw error;
}

async function whileBusy(study: DiskStudy, work: () => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const users = [0, 1, 2, 3].map((worker) => use(study, worker, controller.signal));
  if (study.context.options.graceMs === 0) users.push(collectAll(study, controller.signal));
  try {
    await work();
  } finally {
    controller.abort();
    for (const rounds of await Promise.all(users)) assert.ok(rounds > 0, `only ${rounds}`);
  }
}

test("a check of a busy registry finds nothing", { timeout: 60_000 }, () =>
  withDisk({ deleteEnabled: true, trashAgeMs: 0, graceMs: 0 }, async (study) => {
    await whileBusy(study, async () => {
      for (let round = 0; round < 8; round++)
        assert.deepEqual(await findings(study.context, { repair: round % 2 === 0 }), []);
    });
    assert.deepEqual(await findings(study.context), []);
  }),
);

test("counters and indexes are repaired beside those who change them", { timeout: 60_000 }, () =>
  withDisk({ deleteEnabled: true }, async (study) => {
    const { context, core } = study;
    const [app = assert.fail()] = REPOSITORIES;
    const { config } = await pushImage(core, app, "kept", { tags: ["kept"] });
    await whileBusy(study, async () => {
      for (let round = 0; round < 3; round++) {
        await context.metadata.commit({
          changes: [
            add(manifestCountKey(app), 5),
            add(heldKey(config.digest), 2),
            remove(linkHolderKey(config.digest, app)),
          ],
        });
        const found = await findings(context, { repair: true });
        assert.ok(found.length >= 3, JSON.stringify(found));
        for (const finding of found) assert.ok(finding.repaired, JSON.stringify(finding));
      }
    });
    assert.deepEqual(await findings(context), []);
  }),
);

test("a check that was interrupted goes on with the phase it was in", () =>
  withDisk({}, async ({ context, core }) => {
    const [app = assert.fail()] = REPOSITORIES;
    await pushImage(core, app, "one", { tags: ["latest"] });
    const options = { repair: false, cellar: true, graceMs: 0 };
    for await (const item of new Fsck(context).run(options))
      if (item.kind === "progress" && item.phase === "counters") break;
    assert.equal((await context.metadata.get(fsckKey))?.phase, "counters");
    const phases = new Set<string>();
    for await (const item of new Fsck(context).run({ ...options, resume: true }))
      if (item.kind === "progress") phases.add(item.phase);
    assert.deepEqual([...phases], ["counters", "due", "uploads", "copies", "cellar", "usage"]);
    assert.equal(await context.metadata.get(fsckKey), undefined);
  }));

test("a check ends with its signal, and closes its snapshot", () =>
  withDisk({}, async ({ context, core }) => {
    const [app = assert.fail()] = REPOSITORIES;
    await pushImage(core, app, "one");
    const controller = new AbortController();
    const phases: string[] = [];
    const run = new Fsck(context).run({ repair: false, cellar: true, graceMs: 0 }, controller.signal);
    for await (const item of run) {
      if (item.kind === "progress") phases.push(item.phase);
      if (phases.includes("references")) controller.abort();
    }
    assert.ok(!phases.includes("cellar"));
  }));
