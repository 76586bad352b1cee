// The journal follows the log whatever happens to it, and nobody waits for it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, readdir, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { JournalFolder } from "../../src/blobs/journal-folder.ts";
import { journalDirectory } from "../../src/blobs/paths.ts";
import { demandCatalogue } from "../../src/maintenance/catalogue-site.ts";
import type { JournalRow } from "../../src/maintenance/journal/journal-overlay.ts";
import { JournalReader } from "../../src/maintenance/journal/journal-reader.ts";
import { pushImage } from "../core/pictures.ts";
import { eventually } from "../support/eventually.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { inFolder, type OpenRegistry, reports, withRegistry } from "./registry-folder.ts";

/** What the journal amounts to; fails with its problems. */
async function readJournal(root: string): Promise<{ tags: Set<string>; rows: JournalRow[]; last: number }> {
  const reader = await JournalReader.open(root);
  const rows = await Array.fromAsync(reader.rows());
  assert.deepEqual(reader.problems, []);
  const tags = rows.flatMap((row) => (row.kind === "tag" ? [row.tag as string] : []));
  return { tags: new Set(tags), rows, last: reader.lastSequence };
}

async function filesOf(root: string): Promise<string[]> {
  return (await readdir(journalDirectory(root))).toSorted();
}

async function push({ core }: OpenRegistry, ...tags: string[]): Promise<void> {
  for (const tag of tags) await pushImage(core, [tag], { tags: [tag] });
}

test("what is pushed is in the journal soon, without an end of the process", () =>
  inFolder((root) =>
    withRegistry({ root, journal: true }, async (registry) => {
      await push(registry, "v1", "v2");
      await soon(async () => {
        const { tags } = await readJournal(root);
        assert.deepEqual(tags, new Set(["v1", "v2"]));
      });
      assert.deepEqual(reports, []);
    }),
  ));

test("a process that is killed leaves a journal that the next one continues", () =>
  inFolder(async (root) => {
    const acknowledged: { tag: string; time: number }[] = [];
    for (const [run, enough] of [3, 30, 80].entries()) {
      const path = fileURLToPath(new URL("pushing-program.ts", import.meta.url));
      const child = spawn(process.execPath, [path, root, `run${run}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "close");
      let killed = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [tag = "", , time = ""] = line.split(" ");
        acknowledged.push({ tag, time: Number(time) });
        if (!tag.endsWith(`-${enough}`)) continue;
        killed = Date.now();
        child.kill("SIGKILL");
      }
      await ended;
      // Without the catalogue, all but the last moments would come back.
      const { tags } = await readJournal(root);
      for (const { tag, time } of acknowledged)
        if (time < killed - 4000) assert.ok(tags.has(tag), `${tag} is missing after run ${run}`);
    }
    await withRegistry({ root, journal: true }, async () => {
      await soon(async () => {
        const { tags } = await readJournal(root);
        assert.deepEqual(
          acknowledged.filter(({ tag }) => !tags.has(tag)),
          [],
        );
      });
    });
    assert.deepEqual(reports, []);
  }));

test("a torn end is passed over, and what stood there is told again", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v1"));
    const [newest = ""] = (await filesOf(root)).filter((name) => name.startsWith("changes"));
    await appendFile(join(journalDirectory(root), newest), '1234abcd {"s":99,"kind":"ta');
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v2"));
    assert.deepEqual((await readJournal(root)).tags, new Set(["v1", "v2"]));
  }));

test("where the log was trimmed behind its place, it begins anew with a checkpoint", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v1"));
    const last = await withRegistry({ root }, async (registry) => {
      await push(registry, "v2");
      const { metadata } = registry.context;
      await metadata.trimEvents(metadata.lastSequence());
      return metadata.lastSequence();
    });
    await withRegistry({ root, journal: true }, () =>
      soon(async () => assert.deepEqual(await filesOf(root), [checkpointAt(last)])),
    );
    assert.deepEqual((await readJournal(root)).tags, new Set(["v1", "v2"]));
  }));

test("when changes have grown, a checkpoint takes their place while pushes go on", () =>
  inFolder(async (root) => {
    const options = { root, journal: true, minChangesBytes: 5000 };
    const tags = Array.from({ length: 60 }, (_, number) => `v${number}`);
    await withRegistry(options, async (registry) => {
      await push(registry, ...tags.slice(0, 30));
      await soon(async () => {
        const checkpoint = (await filesOf(root)).find((name) => name.startsWith("checkpoint")) ?? "";
        assert.ok(checkpoint > checkpointAt(10), checkpoint);
      });
      await push(registry, ...tags.slice(30));
    });
    assert.equal((await filesOf(root)).filter((name) => name.startsWith("checkpoint")).length, 1);
    assert.deepEqual((await readJournal(root)).tags, new Set(tags));
    assert.deepEqual(reports, []);
  }));

test("where it cannot be written, the registry goes on, and so does the journal later", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v1"));
    const aside = join(root, "aside");
    await rename(journalDirectory(root), aside);
    await writeFile(journalDirectory(root), "in the way");
    await withRegistry({ root, journal: true }, async (registry) => {
      await push(registry, "v2");
      await soon(async () => assert.match(reports.join(), /the journal cannot be written/));
      await push(registry, "v3");
      await unlink(journalDirectory(root));
      await rename(aside, journalDirectory(root));
      await soon(async () => assert.deepEqual((await readJournal(root)).tags, new Set(["v1", "v2", "v3"])));
    });
    assert.equal(reports.length, 1);
  }));

test("a full disk costs the journal nothing but time", { skip: whyNoSmallDisk() }, () =>
  inFolder(async (root) => {
    const disk = await SmallDisk.mount(root, 1);
    await symlink(disk.path, journalDirectory(root));
    const tags = Array.from({ length: 40 }, (_, number) => `v${number}`);
    await withRegistry({ root, journal: true, minChangesBytes: 10_000 }, async (registry) => {
      await push(registry, ...tags.slice(0, 10));
      await soon(async () => assert.equal((await readJournal(root)).tags.size, 10));
      await disk.fillUp(4096);
      await push(registry, ...tags.slice(10));
      await soon(async () => assert.match(reports.join(), /the journal cannot be written/));
      await disk.empty();
      await soon(async () => assert.deepEqual((await readJournal(root)).tags, new Set(tags)));
    });
    assert.ok((await filesOf(root)).every((name) => !name.endsWith(".tmp")));
  }),
);

test("a catalogue that knows less than the journal is reported, and the journal kept", () =>
  inFolder(async (root) => {
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v1"));
    await cp(join(root, "metadata"), join(root, "copy"), { recursive: true });
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v2"));
    await rm(join(root, "metadata"), { recursive: true });
    await rename(join(root, "copy"), join(root, "metadata"));
    await withRegistry({ root, journal: true }, () =>
      soon(async () => assert.match(reports.join(), /knows more than the catalogue/)),
    );
    const kept = (await readdir(root)).filter((name) => name.startsWith("journal."));
    assert.match(kept.join(), /^journal\.ahead-/);
    await rename(join(root, kept[0] ?? ""), journalDirectory(root)).catch(() => undefined);
  }));

test("what no event told is in the next checkpoint", () =>
  inFolder(async (root) => {
    const last = await withRegistry({ root, journal: true }, async (registry) => {
      await push(registry, "v1");
      return registry.context.metadata.lastSequence();
    });
    await new JournalFolder(root).markStale();
    await withRegistry({ root, journal: true }, async (registry) => {
      await soon(async () => assert.deepEqual(await filesOf(root), [checkpointAt(last)]));
      await rm(join(journalDirectory(root), checkpointAt(last)));
      registry.journal?.renew();
      await soon(async () => assert.deepEqual(await filesOf(root), [checkpointAt(last)]));
    });
  }));

test("a gap and a damaged line are told", () =>
  inFolder(async (root) => {
    for (const tag of ["v1", "v2", "v3"])
      await withRegistry({ root, journal: true }, (registry) => push(registry, tag));
    const changes = (await filesOf(root)).filter((name) => name.startsWith("changes"));
    await unlink(join(journalDirectory(root), changes[1] ?? ""));
    const reader = await JournalReader.open(root);
    await Array.fromAsync(reader.rows());
    assert.deepEqual(reader.problems, [{ kind: "gap", after: 5, before: 10 }]);
  }));

test("an empty catalogue is not begun where something is left of one", () =>
  inFolder(async (root) => {
    await demandCatalogue(root);
    await withRegistry({ root, journal: true }, (registry) => push(registry, "v1"));
    await demandCatalogue(root);
    await rm(join(root, "metadata"), { recursive: true });
    await assert.rejects(demandCatalogue(root), /"stowage restore".*"stowage rebuild"/);
  }));

/** Resolves when the check has passed once. */
async function soon(check: () => Promise<void>): Promise<void> {
  let problem: unknown;
  const look = () =>
    check().then(
      () => true,
      (error: unknown) => {
        problem = error;
        return undefined;
      },
    );
  await eventually("what is checked", look, () => String(problem));
}

function checkpointAt(sequence: number): string {
  return `checkpoint-${String(sequence).padStart(16, "0")}`;
}
