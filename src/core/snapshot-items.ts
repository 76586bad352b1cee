// Tells what exists in a snapshot: repositories, then blobs, manifests and tags.
// Each item passes a filter as the event would that it came into being with.

import { digestEntryOf, repositoryEntryOf, tagEntryOf } from "../metadata/entry-names.ts";
import {
  allTags,
  catalogName,
  links,
  manifestKey,
  manifests,
  type Prefix,
  repositories,
  tagsOfManifest,
} from "../metadata/keys.ts";
import type { MetadataSnapshot } from "../metadata/metadata-store.ts";
import type { EventFact } from "../metadata/records.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { blobDescriptor } from "./blobs.ts";
import type { EventFilter } from "./event-filter.ts";
import { tagDescriptor } from "./tags.ts";

/** Something that exists, since `time` in ms. */
export type SnapshotItem = { readonly repository: RepositoryName; readonly time: number } & (
  | { readonly kind: "repository" }
  | { readonly kind: "blob"; readonly descriptor: Descriptor }
  | {
      readonly kind: "manifest";
      readonly descriptor: Descriptor;
      readonly subject?: Digest;
      readonly artifactType?: string;
    }
  | { readonly kind: "tag"; readonly tag: Tag; readonly descriptor: Descriptor }
);

type Items = AsyncGenerator<readonly SnapshotItem[], void, undefined>;

/** How much is read at once. */
const PAGE = { limit: 256, maxBytes: 1024 * 1024 };

/** How many tags of a manifest are looked at at once. */
const TAG_PAGE = 256;

/** All items that pass, page by page; pages may be empty. */
export async function* snapshotItems(snapshot: MetadataSnapshot, filter: EventFilter): Items {
  const reader = new SnapshotReader(snapshot, filter);
  if (filter.choosesKind("repository_created")) yield* reader.repositories();
  if (filter.choosesKind("blob_pushed")) yield* reader.blobs();
  if (filter.choosesKind("manifest_pushed")) yield* reader.manifests();
  if (filter.choosesKind("tag_created")) yield* reader.tags();
}

class SnapshotReader {
  readonly #snapshot: MetadataSnapshot;
  readonly #filter: EventFilter;

  constructor(snapshot: MetadataSnapshot, filter: EventFilter) {
    this.#snapshot = snapshot;
    this.#filter = filter;
  }

  repositories(): Items {
    return this.#read(repositories, async (name, { createTime: time }) => {
      const { repository } = repositoryEntryOf(name);
      if (!this.#passes(repository, { kind: "repository_created" })) return undefined;
      return { kind: "repository", repository, time };
    });
  }

  blobs(): Items {
    return this.#read(links, async (name, { size, createTime: time }) => {
      const { repository, digest } = digestEntryOf(name);
      const descriptor = blobDescriptor(digest, size);
      if (!this.#passes(repository, { kind: "blob_pushed", descriptor, uploadId: "" })) return undefined;
      return { kind: "blob", repository, descriptor, time };
    });
  }

  manifests(): Items {
    return this.#read(manifests, async (name, record) => {
      const { repository, digest } = digestEntryOf(name);
      const { mediaType, size, createTime: time, subject, artifactType } = record;
      const manifest = {
        descriptor: { mediaType, digest, size },
        ...(subject !== undefined && { subject }),
        ...(artifactType !== undefined && { artifactType }),
      };
      for await (const tags of this.#tagsOf(repository, digest)) {
        if (this.#passes(repository, { kind: "manifest_pushed", tags, ...manifest }))
          return { kind: "manifest", repository, ...manifest, time };
      }
      return undefined;
    });
  }

  tags(): Items {
    return this.#read(allTags, async (name, record) => {
      const { repository, tag } = tagEntryOf(name);
      const descriptor = tagDescriptor(record);
      const card = this.#filter.asksForArtifactTypes
        ? await this.#snapshot.get(manifestKey(repository, record.digest))
        : undefined;
      const artifactType = card?.artifactType;
      const kind = artifactType === undefined ? {} : { artifactType };
      if (!this.#passes(repository, { kind: "tag_created", tag, descriptor, ...kind })) return undefined;
      return { kind: "tag", repository, tag, descriptor, time: record.updateTime };
    });
  }

  /** Page by page, for a manifest may have any number; at least one page. */
  async *#tagsOf(
    repository: RepositoryName,
    digest: Digest,
  ): AsyncGenerator<readonly Tag[], void, undefined> {
    let after: string | undefined;
    do {
      const entries = this.#filter.asksForTags
        ? await this.#snapshot.page(tagsOfManifest(repository, digest), {
            limit: TAG_PAGE,
            namesOnly: true,
            ...(after !== undefined && { after }),
          })
        : [];
      yield entries.map(({ name }) => name as Tag); // a tag was written there
      after = entries.length < TAG_PAGE ? undefined : entries.at(-1)?.name;
    } while (after !== undefined);
  }

  #passes(repository: RepositoryName, fact: EventFact): boolean {
    return this.#filter.passes({ id: "", time: 0, repository, fact });
  }

  /** All entries below the prefix that may pass, as what `toItem` makes of them. */
  async *#read<R>(
    prefix: Prefix<R>,
    toItem: (name: string, record: R) => Promise<SnapshotItem | undefined>,
  ): Items {
    for (const scope of scopes(this.#filter.repositoryPrefixes)) {
      const scoped: Prefix<R> = { text: prefix.text + scope };
      let after: string | undefined;
      for (;;) {
        const entries = await this.#snapshot.page(scoped, { ...PAGE, ...(after !== undefined && { after }) });
        const items = await Promise.all(
          entries.map(({ name, record }) =>
            record === undefined ? undefined : toItem(scope + name, record),
          ),
        );
        yield items.filter((item) => item !== undefined);
        after = entries.at(-1)?.name;
        if (after === undefined) break;
      }
    }
  }
}

/** The beginnings, as entries are named, of all repositories that the filter's prefixes let in; none within another. */
function scopes(prefixes: readonly string[]): readonly string[] {
  if (prefixes.length === 0) return [""];
  const possible = prefixes.filter((prefix) => /^[a-z0-9._/-]*$/.test(prefix)).map(catalogName);
  return [...new Set(possible)].filter(
    (scope) => !possible.some((other) => other !== scope && scope.startsWith(other)),
  );
}
