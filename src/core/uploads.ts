// Upload sessions: a card in the catalogue, bytes in the cellar. The session ends
// in the same commit that links its blob; what is left of it is swept at start.
import type { FinishedUpload } from "../blobs/upload-store.ts";
import { manifestHolderKey, openUploadsKey } from "../metadata/keeping-keys.ts";
import { blobKey, closedUploadKey, linkKey, repositoryKey, uploadKey, uploads } from "../metadata/keys.ts";
import { add, put } from "../metadata/metadata-store.ts";
import type { UploadRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { DEFAULT_DIGEST_ALGORITHM, type Digest, type DigestAlgorithm } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { blobDescriptor } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import type { Page, PageRequest } from "./page.ts";
import { demandRoom } from "./quotas.ts";
import { ensureLink, giveUpBytes } from "./references.ts";
import { removeEmptyRepository } from "./removal.ts";
import { ensureRepository } from "./repositories.ts";
import { dropOrphan, expireUpload, forgetClosedUploads, lastActivity, removeSession } from "./upload-ends.ts";
import { roomFor, withinRoom } from "./upload-room.ts";
import { ensureBlobCard, transactCounted } from "./usage.ts";

/** How many cards are read at once where all are walked through. */
const BATCH = 1000;

/** A session as it stands. */
export interface Upload extends UploadRecord {
  readonly id: string;
  /** How many bytes it holds. */
  readonly offset: number;
}

/** As it is listed. */
export interface ListedUpload extends Upload {
  /** When anything was last done with it, in milliseconds since 1970. */
  readonly lastActivityTime: number;
}

/** Names a session. */
export interface UploadName {
  readonly repository: RepositoryName;
  readonly id: string;
}

/** Where bytes belong, and how many they are; absent members: at the end, unknown. */
export interface WritePlace {
  readonly offset?: number;
  readonly size?: number;
}

/** What is known of an upload before it begins; absent members are not. */
export interface Announced {
  readonly digest?: Digest;
  /** In bytes. */
  readonly size?: number;
}

/** A session about to become a blob. */
interface Closing {
  readonly name: UploadName;
  readonly digest: Digest;
  readonly origin: Origin;
}

export class Uploads {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Throws DENIED where what is announced does not fit into a quota, or nothing more does. */
  async create(
    repository: RepositoryName,
    algorithm?: DigestAlgorithm,
    announced: Announced = {},
  ): Promise<Upload> {
    const room = await roomFor(this.#context, repository, announced.digest);
    demandRoom(room, announced.size ?? 1);
    const id = this.#context.newId();
    const record = {
      repository,
      algorithm: algorithm ?? DEFAULT_DIGEST_ALGORITHM,
      createTime: this.#context.now(),
    };
    const changes = [put(uploadKey(id), record), add(openUploadsKey(repository), 1)];
    await this.#context.metadata.commit({ changes });
    this.#context.uploads.begin(id);
    return { ...record, id, offset: 0 };
  }

  /** Throws BLOB_UPLOAD_UNKNOWN. */
  async get(name: UploadName): Promise<Upload> {
    const record = await this.#demand(name);
    return { ...record, id: name.id, offset: await this.#context.uploads.size(name.id) };
  }

  /**
   * Appends bytes; see UploadStore.write for what offset and size mean and what is thrown. What does not fit into a
   * quota is DENIED, at once where the size is known, else when so much has come.
   */
  async write(name: UploadName, place: WritePlace, chunks: AsyncIterable<Uint8Array>): Promise<Upload> {
    const record = await this.#demand(name);
    const options = { ...place, algorithm: record.algorithm };
    const room = await roomFor(this.#context, name.repository);
    const bytes = await withinRoom(this.#context, room, name.id, place, chunks);
    const writing = this.#context.uploads.write(name.id, options, bytes);
    const offset = await writing.finally(() => this.#discardIfEnded(name));
    return { ...record, id: name.id, offset };
  }

  /**
   * Makes the bytes a blob of the repository. Throws DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID, and
   * DENIED when they do not fit into a quota; the session goes on then.
   */
  commit(name: UploadName, digest: Digest, origin: Origin): Promise<Descriptor> {
    const { uploads } = this.#context;
    return this.#close({ name, digest, origin }, async () => {
      const room = await roomFor(this.#context, name.repository, digest);
      if (room !== undefined) demandRoom(room, await uploads.size(name.id));
      return { size: await uploads.commit(name.id, digest), remains: true };
    });
  }

  /** Appends the last bytes and commits, as write and commit after another would, with less work. */
  writeAndCommit(
    name: UploadName,
    place: WritePlace,
    { digest, origin }: { readonly digest: Digest; readonly origin: Origin },
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<Descriptor> {
    const { uploads } = this.#context;
    return this.#close({ name, digest, origin }, async ({ algorithm }) => {
      const room = await roomFor(this.#context, name.repository, digest);
      const bytes = await withinRoom(this.#context, room, name.id, place, chunks);
      return uploads.finish(name.id, { ...place, algorithm }, digest, bytes);
    });
  }

  /** Ends the session without a blob. Throws BLOB_UPLOAD_UNKNOWN, and BLOB_UPLOAD_INVALID while it is written to. */
  async cancel(name: UploadName, origin: Origin): Promise<void> {
    const context = this.#context;
    await this.#demand(name);
    await context.uploads.discard(name.id);
    await transact(context.metadata, async (transaction) => {
      if ((await transaction.get(uploadKey(name.id))) === undefined) throw uploadUnknown(name);
      removeSession(transaction, name);
      const fact = { kind: "upload_cancelled", uploadId: name.id } as const;
      context.listener.changed(transaction, origin, name.repository, fact);
    });
    await this.#discardQuietly(name); // somebody may have written in between
    await removeEmptyRepository(context, name.repository); // all else may have gone while it was open
  }

  /** Ends the session where nobody did anything with it since this time. False: it goes on, or has ended. */
  expire(name: UploadName, idleSince: number): Promise<boolean> {
    return expireUpload(this.#context, name, idleSince);
  }

  /** Drops bytes that belong to no session and were not written to since this time. False: they are something else. */
  dropOrphan(id: string, idleSince: number): Promise<boolean> {
    return dropOrphan(this.#context, id, idleSince);
  }

  /** The open sessions, oldest first. */
  async list(request: PageRequest, repository?: RepositoryName): Promise<Page<ListedUpload>> {
    const { uploads } = this.#context;
    const found: ListedUpload[] = [];
    for await (const { name: id, record } of this.#walk(request.after)) {
      if (repository !== undefined && record.repository !== repository) continue;
      if (found.length === request.limit) return { items: found, more: true };
      const lastActivityTime = lastActivity(record, await uploads.lastWrite(id));
      found.push({ ...record, id, offset: await uploads.size(id), lastActivityTime });
    }
    return { items: found, more: false };
  }

  /** Drops what a crash left behind: bytes of sessions that have ended. Meant for start-up, before any request. */
  async sweepOrphans(): Promise<void> {
    const { metadata, uploads } = this.#context;
    for await (const id of uploads.list()) {
      if ((await metadata.get(uploadKey(id))) === undefined) await uploads.discard(id);
    }
  }

  /** Forgets sessions that were committed more than an hour ago. */
  forgetClosed(): Promise<void> {
    return forgetClosedUploads(this.#context);
  }

  async *#walk(after = ""): AsyncGenerator<{ readonly name: string; readonly record: UploadRecord }> {
    let last = after;
    for (;;) {
      const entries = await this.#context.metadata.page(uploads, { limit: BATCH, after: last });
      for (const { name, record } of entries) {
        last = name;
        if (record !== undefined) yield { name, record };
      }
      if (entries.length < BATCH) return;
    }
  }

  /** Commits with the bytes that `finish` leaves in the cellar, unless that was done before. */
  async #close(
    closing: Closing,
    finish: (record: UploadRecord) => Promise<FinishedUpload>,
  ): Promise<Descriptor> {
    const { name, digest } = closing;
    const { metadata } = this.#context;
    const record = await metadata.get(uploadKey(name.id));
    if (record === undefined) return this.#committedBefore(name, digest);
    if (record.repository !== name.repository) throw uploadUnknown(name);
    // From before the bytes are in the cellar until their card is committed.
    const release = await this.#context.holds.share(digest);
    let isPlaced = false;
    try {
      const { size, remains } = await finish(record);
      isPlaced = true;
      const blob = await transactCounted(this.#context, (transaction) =>
        this.#end(transaction, closing, size),
      );
      if (remains) await this.#discardQuietly(name);
      return blob;
    } catch (error) {
      if (isPlaced) await giveUpBytes(this.#context, [digest]);
      // Of two who close at once the first takes the bytes; the second gets the same answer.
      if ((await metadata.get(uploadKey(name.id))) !== undefined) throw error;
      await this.#discardQuietly(name);
      return this.#committedBefore(name, digest);
    } finally {
      release();
    }
  }

  async #demand(name: UploadName): Promise<UploadRecord> {
    const record = await this.#context.metadata.get(uploadKey(name.id));
    if (record === undefined || record.repository !== name.repository) throw uploadUnknown(name);
    return record;
  }

  /** A session can end while the last bytes are on their way; then they belong to nobody. */
  async #discardIfEnded(name: UploadName): Promise<void> {
    if ((await this.#context.metadata.get(uploadKey(name.id))) !== undefined) return;
    await this.#discardQuietly(name);
    throw uploadUnknown(name);
  }

  /** Drops what an ended session left. Who still holds it does so when done; the rest is swept at start. */
  async #discardQuietly({ id }: UploadName): Promise<void> {
    await this.#context.uploads.discard(id).catch(() => undefined);
  }

  /** The answer to a commit that was made before: the same again. */
  async #committedBefore(name: UploadName, digest: Digest): Promise<Descriptor> {
    const closed = await this.#context.metadata.get(closedUploadKey(name.id));
    if (closed?.repository !== name.repository || closed.digest !== digest) throw uploadUnknown(name);
    return blobDescriptor(digest, closed.size);
  }

  async #end(transaction: Transaction, { name, digest, origin }: Closing, size: number): Promise<Descriptor> {
    const context = this.#context;
    const { repository, id } = name;
    const keys = [uploadKey(id), repositoryKey(repository), blobKey(digest), linkKey(repository, digest)];
    await transaction.prefetch([...keys, manifestHolderKey(digest, repository, digest)]);
    const session = await transaction.get(uploadKey(id));
    if (session === undefined) return this.#committedBefore(name, digest);
    const createTime = context.now();
    await ensureRepository(context, transaction, origin, repository);
    await ensureBlobCard(transaction, digest, { size, createTime });
    await ensureLink(context, transaction, { repository, digest }, size);
    removeSession(transaction, name);
    transaction.put(closedUploadKey(id), { repository, digest, size, closeTime: createTime });
    const descriptor = blobDescriptor(digest, size);
    const fact = { kind: "blob_pushed", descriptor, uploadId: id } as const;
    context.listener.changed(transaction, origin, repository, fact);
    return descriptor;
  }
}

function uploadUnknown({ repository, id }: UploadName): RegistryError {
  const message = `there is no upload "${id.slice(0, 80)}" in repository "${repository}"`;
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", { repository, upload: id.slice(0, 80) }, { message });
}
