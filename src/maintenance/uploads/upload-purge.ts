// Ends upload sessions that nobody goes on with, and drops bytes that belong to none.
// What is still written to is never ended, however slow it is and whenever it began.
import type { UploadStore } from "../../blobs/upload-store.ts";
import { lastActivity } from "../../core/upload-ends.ts";
import type { Uploads } from "../../core/uploads.ts";
import { uploadKey, uploads } from "../../metadata/keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import type { UploadRecord } from "../../metadata/records.ts";
import type { RepositoryName } from "../../oci/reference.ts";

/** A session that was idle for too long. Times in milliseconds since 1970. */
export interface IdleUpload {
  readonly kind: "upload";
  readonly repository: RepositoryName;
  readonly id: string;
  readonly createTime: number;
  readonly lastActivityTime: number;
  /** In bytes. */
  readonly size: number;
  /** False: only looked at. */
  readonly removed: boolean;
}

/** Bytes whose session has ended, as a crash leaves them. */
export interface OrphanedBytes {
  readonly kind: "orphan";
  readonly id: string;
  readonly lastActivityTime: number;
  readonly size: number;
  readonly removed: boolean;
}

/** How many sessions were looked at so far. */
export interface UploadPurgeProgress {
  readonly kind: "progress";
  readonly examined: number;
}

export type UploadPurgeItem = IdleUpload | OrphanedBytes | UploadPurgeProgress;

export interface UploadPurgeParts {
  readonly metadata: MetadataStore;
  readonly uploads: Uploads;
  readonly store: UploadStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How long a session may be idle, in milliseconds. */
  readonly ageMs: number;
}

export interface UploadPurgeOptions {
  /** True: nothing is removed, only told. */
  readonly dryRun: boolean;
  /** Absent: what was configured. */
  readonly ageMs?: number;
}

/** How many sessions are read at once, and looked at between two words of progress. */
const BATCH = 1000;

export class UploadPurge {
  readonly #parts: UploadPurgeParts;

  constructor(parts: UploadPurgeParts) {
    this.#parts = parts;
  }

  /** Tells of each session that is too old once it is removed, and at the end how many were looked at. */
  async *run(
    { dryRun, ageMs = this.#parts.ageMs }: UploadPurgeOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<UploadPurgeItem, void, undefined> {
    const idleSince = this.#parts.now() - ageMs;
    let examined = 0;
    for await (const page of this.#pages(signal)) {
      for (const [id, session] of page) {
        if (signal?.aborted) return;
        const found = await this.#end(id, session, { idleSince, dryRun });
        if (found !== undefined) yield found;
      }
      examined += page.length;
      yield { kind: "progress", examined };
    }
    yield* this.#orphans({ idleSince, dryRun }, signal);
  }

  async *#pages(signal?: AbortSignal): AsyncGenerator<readonly (readonly [string, UploadRecord])[]> {
    let after = "";
    while (!signal?.aborted) {
      const entries = await this.#parts.metadata.page(uploads, { limit: BATCH, after });
      yield entries.flatMap(({ name, record }) => (record === undefined ? [] : [[name, record] as const]));
      const last = entries.at(-1);
      if (last === undefined || entries.length < BATCH) return;
      after = last.name;
    }
  }

  /** Undefined: the session is not too old, or has ended by itself. */
  async #end(id: string, session: UploadRecord, rule: Rule): Promise<IdleUpload | undefined> {
    const { repository, createTime } = session;
    if (createTime >= rule.idleSince) return undefined;
    const { store, uploads } = this.#parts;
    // First without holding it: who comes back to an old session is not to find it in use.
    const lastActivityTime = lastActivity(session, await store.lastWrite(id));
    if (lastActivityTime >= rule.idleSince) return undefined;
    const size = await store.size(id);
    const removed = !rule.dryRun && (await uploads.expire({ repository, id }, rule.idleSince));
    if (!removed && !rule.dryRun) return undefined;
    return { kind: "upload", repository, id, createTime, lastActivityTime, size, removed };
  }

  async *#orphans(rule: Rule, signal?: AbortSignal): AsyncGenerator<OrphanedBytes> {
    const { metadata, store, uploads } = this.#parts;
    for await (const id of store.list()) {
      if (signal?.aborted) return;
      if ((await metadata.get(uploadKey(id))) !== undefined) continue;
      const lastActivityTime = await store.lastWrite(id);
      if (lastActivityTime === undefined || lastActivityTime >= rule.idleSince) continue;
      const size = await store.size(id);
      const removed = !rule.dryRun && (await uploads.dropOrphan(id, rule.idleSince));
      if (removed || rule.dryRun) yield { kind: "orphan", id, lastActivityTime, size, removed };
    }
  }
}

/** What is to be ended. */
interface Rule {
  readonly idleSince: number;
  readonly dryRun: boolean;
}
