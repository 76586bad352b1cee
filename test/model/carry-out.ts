// Does the steps' works to the real thing, and says what came of them in the model's words.
import type { BlobAdopter } from "../../src/blobs/blob-adopter.ts";
import { countPulls } from "../../src/core/pull-counts.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { purgeDeleted } from "../../src/maintenance/collector/purge-deleted.ts";
import { importTree } from "../../src/maintenance/import/import-tree.ts";
import { Retention } from "../../src/maintenance/retention/retention.ts";
import { UploadPurge } from "../../src/maintenance/uploads/upload-purge.ts";
import { transact } from "../../src/metadata/transaction.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import type { RepositoryName, Tag } from "../../src/oci/reference.ts";
import { inChunks } from "../support/byte-streams.ts";
import { type Outcome, ok } from "./model.ts";
import type { Subject } from "./observe.ts";
import type { Pool } from "./pool.ts";
import { isJob, type Job, type Request, type TreeItem, type Work } from "./steps.ts";

/** What works are done to. */
export interface Workplace extends Subject {
  readonly pool: Pool;
  /** The session that is begun gets this id. */
  readonly nameSession: <T>(id: string, begin: () => Promise<T>) => Promise<T>;
  /** Absent: nothing can be imported. */
  readonly adopter?: BlobAdopter;
  /** Writes a tree to be imported; resolves to where it is. */
  readonly plant?: (items: readonly TreeItem[], now: number) => Promise<string>;
}

/** The outcome; throws what is none, such as the end of the process. */
export async function carryOut(workplace: Workplace, work: Work): Promise<Outcome> {
  try {
    if (!isJob(work)) return await request(workplace, work);
    await job(workplace, work);
    return ok();
  } catch (error) {
    if (error instanceof RegistryError) return error.code;
    throw error;
  }
}

async function request({ core, context, pool, nameSession }: Workplace, request: Request): Promise<Outcome> {
  const repository = request.repository as RepositoryName;
  const digest = ("digest" in request ? request.digest : "") as Digest;
  const bytes = pool.blobs.get(digest) ?? Buffer.alloc(0);
  switch (request.kind) {
    case "push-blob": {
      const { id } = await nameSession(request.id, () => core.uploads.create(repository));
      await core.uploads.writeAndCommit({ repository, id }, {}, { digest, origin: {} }, inChunks(bytes, 64));
      return ok();
    }
    case "put": {
      const { content, mediaType } = pool.document(digest);
      await core.manifests.put({ repository, content, mediaType, tags: request.tags as readonly Tag[] }, {});
      return ok();
    }
    case "mount": {
      const from = request.from === undefined ? {} : { from: request.from as RepositoryName };
      await core.blobs.mount({ repository, digest, ...from }, {});
      return ok();
    }
    case "head":
      await core.blobs.stat(repository, digest);
      return ok();
    case "pull": {
      const pull = { repository, descriptor: { mediaType: "", digest, size: 0 }, headOnly: false };
      const nobody = { request: undefined, actor: undefined, id: undefined };
      const recorded = { pull, count: 1, time: context.now(), ...nobody };
      await transact(context.metadata, (transaction) => countPulls(transaction, [recorded]));
      return ok();
    }
    case "delete-tag": {
      const deleted = await core.tags.delete({ repository, tag: request.tag as Tag }, {});
      return ok({ digest: deleted.digest });
    }
    case "delete-manifest": {
      const { tags, companions } = await core.manifests.delete(repository, digest, {});
      return ok({ tags: tags.toSorted(), companions: companions.toSorted() });
    }
    case "delete-blob":
      await core.blobs.delete(repository, digest, {});
      return ok();
    case "undelete": {
      const { tags, takenTags, companions } = await core.trash.restore(repository, digest, {});
      return ok({
        tags: tags.toSorted(),
        takenTags: takenTags.toSorted(),
        companions: companions.toSorted(),
      });
    }
    case "purge":
      await core.trash.purge(repository, digest);
      return ok();
    case "restore-tag": {
      const { to } = request;
      const target =
        typeof to === "string"
          ? ({ kind: "digest", digest: to as Digest } as const)
          : ({ kind: "time", time: context.now() - to } as const);
      const restored = await core.tagHistory.restore({ repository, tag: request.tag as Tag, target }, {});
      return ok({ digest: restored.descriptor.digest, undeleted: restored.undeleted.toSorted() });
    }
    case "begin-upload":
      await nameSession(request.id, () => core.uploads.create(repository));
      return ok();
    case "write-upload":
      await core.uploads.write({ repository, id: request.id }, {}, inChunks(bytes, 64));
      return ok();
    case "commit-upload":
      await core.uploads.commit({ repository, id: request.id }, digest, {});
      return ok();
    case "cancel-upload":
      await core.uploads.cancel({ repository, id: request.id }, {});
      return ok();
  }
}

async function job(workplace: Workplace, job: Job): Promise<void> {
  const { context, core } = workplace;
  const { metadata, now, uploads: store } = context;
  switch (job.kind) {
    case "collect": {
      const grace = job.graceMs === undefined ? {} : { graceMs: job.graceMs };
      return exhaust(new Collector({ context, rate: 0 }).run(grace), job.items);
    }
    case "retention":
      return exhaust(new Retention({ context, core, config: job.config, rate: 0 }).apply());
    case "purge-uploads": {
      const purge = new UploadPurge({ metadata, uploads: core.uploads, store, now, ageMs: job.ageMs });
      return exhaust(purge.run({ dryRun: false }));
    }
    case "purge-trash": {
      const choice = { kind: "all", olderThanMs: job.olderThanMs } as const;
      await purgeDeleted({ trash: core.trash, now }, choice, new AbortController().signal);
      return;
    }
    case "import":
      return doImport(workplace, job.items);
  }
}

/** Takes all items, or so many and no more. */
async function exhaust(items: AsyncIterable<unknown>, most = Number.POSITIVE_INFINITY): Promise<void> {
  let count = 0;
  for await (const _item of items) if (++count >= most) return;
}

async function doImport(
  { core, context, adopter, plant }: Workplace,
  items: readonly TreeItem[],
): Promise<void> {
  if (adopter === undefined || plant === undefined) throw new Error("nothing can be imported here");
  const root = await plant(items, context.now());
  const options = { root, dryRun: false, copy: false, verify: false, canLink: true };
  for await (const item of importTree({ core, context, adopter }, options))
    if (item.kind === "finding" && item.finding.level === "problem") throw new Error(item.finding.reason);
}
