// How an upload session ends because nobody goes on with it. Its card goes first and
// its bytes afterwards; meanwhile nobody can write, so nothing acknowledged is lost.
import { openUploadsKey } from "../metadata/keeping-keys.ts";
import { closedUploadKey, closedUploads, uploadKey } from "../metadata/keys.ts";
import { remove } from "../metadata/metadata-store.ts";
import type { ClosedUploadRecord, UploadRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import { RegistryError } from "../oci/errors.ts";
import type { CoreContext } from "./context.ts";
import { removeEmptyRepository } from "./removal.ts";
import type { UploadName } from "./uploads.ts";

/** How long asking again for a commit gives the same answer, in milliseconds. */
const CLOSED_UPLOAD_AGE = 60 * 60 * 1000;

/** How many cards are read at once where all are walked through. */
const BATCH = 1000;

/** When anything was last done with the session, in milliseconds since 1970. */
export function lastActivity({ createTime }: UploadRecord, lastWrite: number | undefined): number {
  return Math.max(createTime, lastWrite ?? createTime);
}

/** To be called only where the transaction has read the session, so that none is counted twice. */
export function removeSession(transaction: Transaction, { repository, id }: UploadName): void {
  transaction.remove(uploadKey(id));
  transaction.add(openUploadsKey(repository), -1);
}

/** Ends the session where nobody did anything with it since this time. False: it goes on, or has ended. */
export async function expireUpload(
  context: CoreContext,
  name: UploadName,
  idleSince: number,
): Promise<boolean> {
  const { metadata, uploads, listener } = context;
  const dropping = uploads.discardWhere(name.id, (lastWrite) =>
    transact(metadata, async (transaction) => {
      const session = await transaction.get(uploadKey(name.id));
      if (session === undefined || lastActivity(session, lastWrite) >= idleSince) return false;
      removeSession(transaction, name);
      const fact = { kind: "upload_expired", uploadId: name.id } as const;
      listener.changed(transaction, {}, name.repository, fact);
      return true;
    }),
  );
  const isOver = await dropping.catch(falseIfHeld);
  // All else may have gone while it was open.
  if (isOver) await removeEmptyRepository(context, name.repository);
  return isOver;
}

/** Drops bytes that belong to no session and were not written to since this time. False: they are something else. */
export function dropOrphan(
  { metadata, uploads }: CoreContext,
  id: string,
  idleSince: number,
): Promise<boolean> {
  const dropping = uploads.discardWhere(
    id,
    async (lastWrite) =>
      lastWrite !== undefined && lastWrite < idleSince && (await metadata.get(uploadKey(id))) === undefined,
  );
  return dropping.catch(falseIfHeld);
}

/** Who holds an upload is busy with it. */
function falseIfHeld(error: unknown): false {
  if (error instanceof RegistryError && error.code === "BLOB_UPLOAD_INVALID") return false;
  throw error;
}

/** Forgets sessions that were committed more than an hour ago. */
export async function forgetClosedUploads({ metadata, now }: CoreContext): Promise<void> {
  let after = "";
  for (;;) {
    const entries = await metadata.page(closedUploads, { limit: BATCH, after });
    const old = entries.filter(({ record }) => record !== undefined && isOld(record, now()));
    if (old.length > 0)
      await metadata.commit({ changes: old.map((entry) => remove(closedUploadKey(entry.name))) });
    const last = entries.at(-1);
    // Ids sort by the time of creation: behind a page without old ones everything is younger.
    if (last === undefined || old.length === 0) return;
    after = last.name;
  }
}

function isOld(record: ClosedUploadRecord, now: number): boolean {
  return record.closeTime < now - CLOSED_UPLOAD_AGE;
}
