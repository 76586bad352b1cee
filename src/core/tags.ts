// Tags: names that point to manifests. A tag is only ever changed together with
// the index of a manifest's tags, and announced by one event.
import { manifestKey, manifestTagKey, tagKey, tagsOf } from "../metadata/keys.ts";
import type { TagRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { demandDelete } from "./blobs.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";
import { demandRepository } from "./repositories.ts";

/** What must be true of a tag for a change to happen. */
export type TagPrecondition =
  | { readonly kind: "absent" }
  | { readonly kind: "present" }
  | { readonly kind: "any-of"; readonly digests: readonly Digest[] }
  | { readonly kind: "none-of"; readonly digests: readonly Digest[] };

export interface DeleteTag {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly precondition?: TagPrecondition | undefined;
}

/** A tag in a list; without a record when only names were asked for. */
export interface ListedTag {
  readonly name: Tag;
  readonly record?: TagRecord;
}

const NOTHING = new Uint8Array(0);

export function tagDescriptor({ mediaType, digest, size }: TagRecord): Descriptor {
  return { mediaType, digest, size };
}

/** Throws PRECONDITION_FAILED with what the tag points to. */
function checkPrecondition(tag: Tag, current: TagRecord | undefined, precondition?: TagPrecondition): void {
  if (precondition === undefined || holds(precondition, current)) return;
  const state = current === undefined ? "does not exist" : `points to ${current.digest}`;
  const metadata = current === undefined ? { tag } : { tag, digest: current.digest };
  throw new RegistryError("PRECONDITION_FAILED", metadata, { message: `tag "${tag}" ${state}` });
}

function holds(precondition: TagPrecondition, current: TagRecord | undefined): boolean {
  switch (precondition.kind) {
    case "absent":
      return current === undefined;
    case "present":
      return current !== undefined;
    case "any-of":
      return current !== undefined && precondition.digests.includes(current.digest);
    case "none-of":
      return current === undefined || !precondition.digests.includes(current.digest);
  }
}

/** Points a tag to a manifest, as part of the attempt that stores it. */
export async function moveTag(
  context: CoreContext,
  transaction: Transaction,
  move: {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly descriptor: Descriptor;
    readonly artifactType?: string;
    readonly precondition?: TagPrecondition;
    readonly origin: Origin;
  },
): Promise<void> {
  const { repository, tag, descriptor, artifactType, origin } = move;
  const kind = artifactType === undefined ? {} : { artifactType };
  const key = tagKey(repository, tag);
  const current = await transaction.get(key);
  checkPrecondition(tag, current, move.precondition);
  transaction.put(key, { ...descriptor, updateTime: context.now() });
  if (current?.digest === descriptor.digest) return;
  transaction.put(manifestTagKey(repository, descriptor.digest, tag), NOTHING);
  if (current !== undefined) transaction.remove(manifestTagKey(repository, current.digest, tag));
  const fact =
    current === undefined
      ? ({ kind: "tag_created", tag, descriptor, ...kind } as const)
      : ({ kind: "tag_moved", tag, descriptor, ...kind, previousDigest: current.digest } as const);
  context.listener.changed(transaction, origin, repository, fact);
}

/** Removes a tag that was read in this attempt. */
export function removeTag(
  context: CoreContext,
  transaction: Transaction,
  removal: {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly current: TagRecord;
    /** Of the manifest it points to, where that says one. */
    readonly artifactType?: string | undefined;
    readonly origin: Origin;
  },
): void {
  const { repository, tag, current, artifactType, origin } = removal;
  transaction.remove(tagKey(repository, tag));
  transaction.remove(manifestTagKey(repository, current.digest, tag));
  const descriptor = tagDescriptor(current);
  const kind = artifactType === undefined ? {} : { artifactType };
  context.listener.changed(transaction, origin, repository, {
    kind: "tag_deleted",
    tag,
    descriptor,
    ...kind,
  });
}

export function tagUnknown(repository: RepositoryName, tag: Tag): RegistryError {
  const message = `tag "${tag}" is not in repository "${repository}"`;
  return new RegistryError("MANIFEST_UNKNOWN", { repository, tag }, { message });
}

export class Tags {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Removes the tag, not the manifest; resolves to what it pointed to. Throws MANIFEST_UNKNOWN, PRECONDITION_FAILED, UNSUPPORTED. */
  async delete({ repository, tag, precondition }: DeleteTag, origin: Origin): Promise<Descriptor> {
    const context = this.#context;
    demandDelete(context);
    return transact(context.metadata, async (transaction) => {
      const current = await transaction.get(tagKey(repository, tag));
      checkPrecondition(tag, current, precondition);
      if (current === undefined) throw tagUnknown(repository, tag);
      const manifest = await context.metadata.get(manifestKey(repository, current.digest));
      removeTag(context, transaction, {
        repository,
        tag,
        current,
        artifactType: manifest?.artifactType,
        origin,
      });
      return tagDescriptor(current);
    });
  }

  /** Tags in byte order of their names. Throws NAME_UNKNOWN. */
  async list(
    repository: RepositoryName,
    request: PageRequest,
    options: { readonly namesOnly: boolean },
  ): Promise<Page<ListedTag>> {
    await demandRepository(this.#context, repository);
    const { after, limit } = request;
    const { namesOnly } = options;
    const entries = await this.#context.metadata.page(tagsOf(repository), {
      limit: limit + 1,
      namesOnly,
      ...(after !== undefined && { after }),
    });
    return pageOf(entries, limit, ({ name, record }) => ({
      name: name as Tag,
      ...(record !== undefined && { record }),
    }));
  }
}
