// The key tree of the card catalogue. Keys are text and sort by byte.
//
//   x/format                        the format's version
//   r/<repo>                        RepositoryRecord
//   c/<repo>                        counter of manifests; there only while above 0, so it is the catalog
//   l/<repo>\0<digest>              LinkRecord
//   m/<repo>\0<digest>              ManifestRecord
//   t/<repo>\0<tag>                 TagRecord
//   g/<repo>\0<digest>\0<tag>       nothing; the tags of a manifest
//   f/<repo>\0<subject>\0<digest>   ReferrerRecord
//   b/<digest>                      BlobRecord
//   p/<digest>                      a manifest's bytes, shared by all repositories
//   u/<id>                          UploadRecord, oldest first because ids are UUIDs of version 7
//   d/<id>                          ClosedUploadRecord
//   e/<sequence>                    EventRecord, sequence as 16 decimal digits (kept by the engine)
//   s/events                        the last sequence (kept by the engine)
//   s/trimmed                       the sequence up to which events were removed (kept by the engine)
//   k/<consumer>                    ConsumerRecord
//   n/consumers                     counter of consumers; there only while above 0
//   n/consumers\0<owner>            the same, of one principal's
//   w/<webhook>                     WebhookRecord
//   h/<webhook>                     DeliveryLogRecord
//   q/<webhook>\0<id>               DeadLetterRecord
//   y/signing                       SigningKeysRecord; private keys are in it
//   a/<id>                          AccessTokenRecord, oldest first because ids are UUIDs of version 7
//   i/<hash>                        AccessTokenNameRecord; an access token by its hash
//   o/<owner>\0<id>                 nothing; the access tokens of an owner
//   n/access-tokens/<owner>         counter of them; there only while above 0
//   v/<hash>                        RefreshTokenRecord
//   j/<principal>                   RefreshTokensRecord; the refresh tokens of a principal
//   H/<digest>\0<repo>\0            nothing; the repository's link holds the digest
//   H/<digest>\0<repo>\0<manifest>  nothing; a manifest, live or in the trash, holds the digest: its own, or one it names
//   n/held/<digest>                 counter of the entries below H/<digest>: while there is one the bytes stay
//   n/named/<repo>\0<digest>        counter of the repository's other manifests, live or in the trash, that name the digest
//   n/contents/<repo>               counter of links and manifests, live or in the trash
//   n/uploads/<repo>                counter of open upload sessions
//   n/stored                        sums of a StoredRecord: all blob records
//   R/<repo>                        sums of a UsageRecord: what the repository holds
//   A/                              the same of all repositories together
//   A/<path>                        the same of all below a path of one to three components: "a/b" has a/b/c and a/b/c/d
//   z/<due>\0<what>                 nothing; what is to be looked at then; due in ms as 15 decimal digits (due.ts)
//   M/<repo>\0<digest>              TrashRecord; a manifest in the trash
//   T/<repo>\0<tag>\0<time>-<id>    TagChangeRecord; time in ms as 15 decimal digits
//   U/<repo>\0<digest>              UntaggedRecord; there from the first time on that the manifest lost a tag
//   P/<repo>\0<digest>              PullsRecord; there from the manifest's first recorded pull on
//   S/<name>                        what housekeeping remembers between starts
//
// <repo> is the name with "/" written as \x01, which sorts below every character
// a name may hold: so "a/b" comes before "a-b", and "a/b\0" never meets "a/b/c".
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type {
  BlobRecord,
  ClosedUploadRecord,
  ConsumerRecord,
  DeadLetterRecord,
  DeliveryLogRecord,
  LinkRecord,
  ManifestRecord,
  ReferrerRecord,
  RepositoryRecord,
  TagRecord,
  UploadRecord,
  WebhookRecord,
} from "./records.ts";
import type {
  AccessTokenNameRecord,
  AccessTokenRecord,
  RefreshTokenRecord,
  RefreshTokensRecord,
  SigningKeysRecord,
} from "./token-records.ts";

declare const recordType: unique symbol;

/** A key whose value is an R. */
export interface Key<R> {
  readonly text: string;
  readonly [recordType]?: R;
}

/** A prefix below which every value is an R; the rest of each key is the entry's name. */
export interface Prefix<R> {
  readonly text: string;
  readonly [recordType]?: R;
}

/** A value that is raw bytes, not a JSON record. */
export type Raw = Uint8Array;

/** Ends a name that others may continue. */
export const end = "\0";

/** The repository as it stands in keys. */
export function repositoryPart(repository: RepositoryName): string {
  return repository.includes("/") ? repository.replaceAll("/", "\x01") : repository;
}

export const repositoryKey = (repository: RepositoryName): Key<RepositoryRecord> => ({
  text: `r/${repositoryPart(repository)}`,
});

export const manifestCountKey = (repository: RepositoryName): Key<number> => ({
  text: `c/${repositoryPart(repository)}`,
});

export const linkKey = (repository: RepositoryName, digest: Digest): Key<LinkRecord> => ({
  text: `l/${repositoryPart(repository)}${end}${digest}`,
});

export const manifestKey = (repository: RepositoryName, digest: Digest): Key<ManifestRecord> => ({
  text: `m/${repositoryPart(repository)}${end}${digest}`,
});

export const tagKey = (repository: RepositoryName, tag: Tag): Key<TagRecord> => ({
  text: `t/${repositoryPart(repository)}${end}${tag}`,
});

export const manifestTagKey = (repository: RepositoryName, digest: Digest, tag: Tag): Key<Raw> => ({
  text: `g/${repositoryPart(repository)}${end}${digest}${end}${tag}`,
});

export const referrerKey = (
  repository: RepositoryName,
  subject: Digest,
  digest: Digest,
): Key<ReferrerRecord> => ({ text: `f/${repositoryPart(repository)}${end}${subject}${end}${digest}` });

export const blobKey = (digest: Digest): Key<BlobRecord> => ({ text: `b/${digest}` });

export const contentKey = (digest: Digest): Key<Raw> => ({ text: `p/${digest}` });

export const uploadKey = (id: string): Key<UploadRecord> => ({ text: `u/${id}` });

export const closedUploadKey = (id: string): Key<ClosedUploadRecord> => ({ text: `d/${id}` });

export const consumerKey = (name: string): Key<ConsumerRecord> => ({ text: `k/${name}` });

export const consumerCountKey: Key<number> = { text: "n/consumers" };

/** How many of them are this principal's. */
export const consumersOfKey = (owner: string): Key<number> => ({ text: `n/consumers${end}${owner}` });

export const webhookKey = (name: string): Key<WebhookRecord> => ({ text: `w/${name}` });

/** The last deliveries of the webhook. */
export const deliveriesKey = (name: string): Key<DeliveryLogRecord> => ({ text: `h/${name}` });

/** A dead letter of the webhook. The webhook's name holds no \0. */
export const deadLetterKey = (name: string, id: string): Key<DeadLetterRecord> => ({
  text: `q/${name}${end}${id}`,
});

export const signingKeysKey: Key<SigningKeysRecord> = { text: "y/signing" };

export const accessTokenKey = (id: string): Key<AccessTokenRecord> => ({ text: `a/${id}` });

export const accessTokenNameKey = (hash: string): Key<AccessTokenNameRecord> => ({ text: `i/${hash}` });

/** The owner is a principal's id, which holds no \0. */
export const ownedTokenKey = (owner: string, id: string): Key<Raw> => ({ text: `o/${owner}${end}${id}` });

export const accessTokenCountKey = (owner: string): Key<number> => ({ text: `n/access-tokens/${owner}` });

export const refreshTokenKey = (hash: string): Key<RefreshTokenRecord> => ({ text: `v/${hash}` });

export const refreshTokensKey = (principal: string): Key<RefreshTokensRecord> => ({ text: `j/${principal}` });

/** Below it, entries are named by digest. */
export const blobs: Prefix<BlobRecord> = { text: "b/" };

/** Below it, entries are named by digest. */
export const contentsOfManifests: Prefix<Raw> = { text: "p/" };

/** Below it, entries are named by digest. */
export const manifestsOf = (repository: RepositoryName): Prefix<ManifestRecord> => ({
  text: `m/${repositoryPart(repository)}${end}`,
});

/** Below it, entries are named by digest. */
export const linksOf = (repository: RepositoryName): Prefix<LinkRecord> => ({
  text: `l/${repositoryPart(repository)}${end}`,
});

/** The tags that are called so, or so and more: what is attached to a manifest by its name (attached-tags.ts). */
export const tagsThatBegin = (repository: RepositoryName, beginning: string): Prefix<TagRecord> => ({
  text: `t/${repositoryPart(repository)}${end}${beginning}`,
});

/** All entries of the referrers index: names are "<repo>\0<subject>\0<digest>". */
export const allReferrers: Prefix<ReferrerRecord> = { text: "f/" };

/** All entries of the index of manifests' tags: names are "<repo>\0<digest>\0<tag>". */
export const allManifestTags: Prefix<Raw> = { text: "g/" };

/** Below it, entries are named by tag. */
export const tagsOf = (repository: RepositoryName): Prefix<TagRecord> => ({
  text: `t/${repositoryPart(repository)}${end}`,
});

/** Below it, entries are named by the tags that point to the manifest. */
export const tagsOfManifest = (repository: RepositoryName, digest: Digest): Prefix<Raw> => ({
  text: `g/${repositoryPart(repository)}${end}${digest}${end}`,
});

/** Below it, entries are named by the referring manifest's digest. */
export const referrersOf = (repository: RepositoryName, subject: Digest): Prefix<ReferrerRecord> => ({
  text: `f/${repositoryPart(repository)}${end}${subject}${end}`,
});

/** Below it, entries are named by the catalog form of a repository (see catalogName). */
export const catalog: Prefix<number> = { text: "c/" };

/** Below it, entries are named by upload id. */
export const uploads: Prefix<UploadRecord> = { text: "u/" };

/** Below it, entries are named by upload id. */
export const closedUploads: Prefix<ClosedUploadRecord> = { text: "d/" };

/** Below it, entries are named by consumer. */
export const consumers: Prefix<ConsumerRecord> = { text: "k/" };

/** Below it, entries are named by webhook. */
export const webhooks: Prefix<WebhookRecord> = { text: "w/" };

/** Below it, entries are named by dead letter id. */
export const deadLettersOf = (name: string): Prefix<DeadLetterRecord> => ({ text: `q/${name}${end}` });

/** Below it, entries are named by access token id. */
export const accessTokens: Prefix<AccessTokenRecord> = { text: "a/" };

/** Below it, entries are named by access token id. */
export const accessTokensOf = (owner: string): Prefix<Raw> => ({ text: `o/${owner}${end}` });

/** Below it, entries are named by the tokens' hashes. */
export const refreshTokens: Prefix<RefreshTokenRecord> = { text: "v/" };

/** All repositories, also those without a manifest; for names see repositoryEntryOf (entry-names.ts). */
export const repositories: Prefix<RepositoryRecord> = { text: "r/" };

/** All links of all repositories; for names see digestEntryOf (entry-names.ts). */
export const links: Prefix<LinkRecord> = { text: "l/" };

/** All manifests of all repositories; for names see digestEntryOf (entry-names.ts). */
export const manifests: Prefix<ManifestRecord> = { text: "m/" };

/** All tags of all repositories; for names see tagEntryOf (entry-names.ts). */
export const allTags: Prefix<TagRecord> = { text: "t/" };

/** How a repository, or any text that could stand before one, is named below the catalog prefix. */
export function catalogName(name: string): string {
  return name.replaceAll("/", "\x01");
}

/** The repository an entry below the catalog prefix names. */
export function repositoryOfCatalogName(name: string): RepositoryName {
  return name.replaceAll("\x01", "/") as RepositoryName;
}
