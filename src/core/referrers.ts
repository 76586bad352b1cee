// Referrers: the manifests that point at a subject. The index is written with each
// manifest, so it is exact at every moment. distribution-spec, Listing Referrers.
import { referrersOf } from "../metadata/keys.ts";
import type { ReferrerRecord } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Page, PageRequest } from "./page.ts";

/** A page of referrers stays below this many bytes, as every manifest does. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** How many entries are read at once, if they are not too large. */
const BATCH = 500;

export interface Referrer extends ReferrerRecord {
  readonly digest: Digest;
}

/** Referrers in order of their digests; only those of the artifact type, if one is given. */
export async function listReferrers(
  context: CoreContext,
  repository: RepositoryName,
  subject: Digest,
  request: PageRequest & { readonly artifactType?: string },
): Promise<Page<Referrer>> {
  const items: Referrer[] = [];
  let bytes = 0;
  let after = request.after ?? "";
  for (;;) {
    const entries = await context.metadata.page(referrersOf(repository, subject), {
      limit: BATCH,
      maxBytes: MAX_PAGE_BYTES,
      after,
    });
    let read = 0;
    for (const { name, record } of entries) {
      after = name;
      if (record === undefined) continue;
      const size = approximateBytes(record);
      read += size;
      if (request.artifactType !== undefined && record.artifactType !== request.artifactType) continue;
      bytes += size;
      if (items.length > 0 && (items.length === request.limit || bytes > MAX_PAGE_BYTES))
        return { items, more: true };
      items.push({ ...record, digest: name as Digest });
    }
    if (entries.length < BATCH && read < MAX_PAGE_BYTES) return { items, more: false };
  }
}

/** Not less than the record has in the catalogue. */
function approximateBytes({ annotations }: ReferrerRecord): number {
  const fixed = 512;
  return fixed + (annotations === undefined ? 0 : Buffer.byteLength(JSON.stringify(annotations)));
}
