// What is left for an upload by the quotas of its repository. Looked at before and while
// bytes come, so that none come for nothing; the commit of the blob is what decides.
import { linkKey } from "../metadata/keys.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { demandRoom, type QuotaUse, tightestQuota } from "./quotas.ts";
import type { WritePlace } from "./uploads.ts";

/** The quota to go by. Undefined: none, or the repository has the blob, which then takes nothing. */
export async function roomFor(
  context: CoreContext,
  repository: RepositoryName,
  digest?: Digest,
): Promise<QuotaUse | undefined> {
  const { metadata, options } = context;
  if (options.quotas === undefined || options.quotas.length === 0) return undefined;
  if (digest !== undefined && (await metadata.get(linkKey(repository, digest))) !== undefined)
    return undefined;
  return tightestQuota(context, repository);
}

/** The chunks as long as they fit, with what the session has already; then DENIED, also at once. */
export async function withinRoom(
  { uploads }: CoreContext,
  room: QuotaUse | undefined,
  id: string,
  { offset, size }: WritePlace,
  chunks: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  if (room === undefined) return chunks;
  const before = offset ?? (await uploads.size(id));
  demandRoom(room, before + (size ?? 0));
  return counted(room, before, chunks);
}

async function* counted(
  room: QuotaUse,
  before: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = before;
  for await (const chunk of chunks) {
    size += chunk.length;
    demandRoom(room, size);
    yield chunk;
  }
}
