// The trash: deleted manifests, with all that it takes to bring them back, until
// their time is over or somebody says so.
import { digestEntryOf } from "../metadata/entry-names.ts";
import { trash, trashKey, trashOf } from "../metadata/keeping-keys.ts";
import type { TrashRecord } from "../metadata/keeping-records.ts";
import { manifestKey } from "../metadata/keys.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";
import type { Place } from "./references.ts";
import { purgeFromTrash } from "./removal.ts";
import { ANY_TAG, type Restoration, restoreFromTrash } from "./restoration.ts";
import { transactCounted } from "./usage.ts";

/** A manifest in the trash, as it is listed. */
export interface TrashedManifest extends Place {
  readonly record: TrashRecord;
  /** Until when it can be brought back for sure, in milliseconds since 1970. */
  readonly expireTime: number;
  /** Its name in the list: where the next page goes on. */
  readonly name: string;
}

export class Trash {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** What is in the trash of the repository, or of all, in order of repositories and digests. */
  async list(
    repository: RepositoryName | undefined,
    { after, limit }: PageRequest,
  ): Promise<Page<TrashedManifest>> {
    const { metadata, options } = this.#context;
    const prefix = repository === undefined ? trash : trashOf(repository);
    const start = after === undefined ? {} : { after };
    const entries = await metadata.page(prefix, { limit: limit + 1, ...start });
    const found = entries.flatMap(({ name, record }) => {
      if (record === undefined) return [];
      const place = repository === undefined ? digestEntryOf(name) : { repository, digest: name as Digest };
      return [{ ...place, record, expireTime: record.deleteTime + options.trashAgeMs, name }];
    });
    return pageOf(found, limit, (manifest) => manifest);
  }

  /** Brings a manifest back, with what went with it and the tags that nobody has used since. Throws MANIFEST_UNKNOWN, DENIED. */
  restore(repository: RepositoryName, digest: Digest, origin: Origin): Promise<Restoration> {
    const place = { repository, digest };
    return transactCounted(this.#context, async (transaction) => {
      const record = await demandTrashed(transaction, place);
      return restoreFromTrash(this.#context, transaction, { place, record, origin, wants: ANY_TAG });
    });
  }

  /** Removes a manifest for good, before its time is over. Throws MANIFEST_UNKNOWN. */
  purge(repository: RepositoryName, digest: Digest): Promise<void> {
    const place = { repository, digest };
    return transact(this.#context.metadata, async (transaction) => {
      const record = await demandTrashed(transaction, place);
      await purgeFromTrash(this.#context, transaction, place, record);
    });
  }
}

async function demandTrashed(transaction: Transaction, { repository, digest }: Place): Promise<TrashRecord> {
  const record = await transaction.get(trashKey(repository, digest));
  if (record !== undefined) return record;
  const isLive = (await transaction.get(manifestKey(repository, digest))) !== undefined;
  const why = isLive ? "it was not deleted" : "nobody deleted it, or its time there is over";
  const message = `manifest ${digest} is not in the trash of repository "${repository}": ${why}`;
  throw new RegistryError("MANIFEST_UNKNOWN", { repository, digest }, { message });
}
