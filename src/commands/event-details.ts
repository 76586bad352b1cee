// What an event tells beside its kind and place, in a few words.
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import type { SnapshotItem } from "../gen/stowage/v1/event_service_pb.ts";
import { formatCount, formatQuantity, formatSize, shortDigest } from "./readable.ts";

type Content = { readonly digest: string; readonly size: bigint } | undefined;

/** "team/app:v1": the repository and, where an event is about one tag, that. */
export function eventPlace({ repository, kind }: Event): string {
  return place(repository, tagOf(kind));
}

/** The same of a thing that exists. */
export function itemPlace({ repository, item }: SnapshotItem): string {
  return place(repository, item.case === "tag" ? item.value.tag : "");
}

function place(repository: string, tag: string): string {
  return `${repository || "-"}${tag === "" ? "" : `:${tag}`}`;
}

function tagOf(kind: Event["kind"]): string {
  switch (kind.case) {
    case "tagCreated":
    case "tagMoved":
    case "tagDeleted":
    case "manifestPulled":
      return kind.value.tag;
    case "manifestPushed":
      return kind.value.tags.length === 1 ? (kind.value.tags[0] ?? "") : "";
    default:
      return "";
  }
}

/** What is left to tell when kind and place are known. */
export function eventDetails(kind: Event["kind"]): string {
  switch (kind.case) {
    case "tagCreated":
    case "tagDeleted":
      return shortDigest(kind.value.descriptor?.digest);
    case "tagMoved": {
      const { previousDigest, descriptor } = kind.value;
      return `${shortDigest(previousDigest)} -> ${shortDigest(descriptor?.digest)}`;
    }
    case "blobPushed":
    case "blobDeleted":
    case "blobCollected":
      return content(kind.value.descriptor);
    case "blobMounted": {
      const { descriptor, fromRepository } = kind.value;
      return words(content(descriptor), fromRepository !== "" && `from ${fromRepository}`);
    }
    case "blobDamaged":
      return words(content(kind.value.descriptor), users(kind.value.repositories));
    case "manifestPushed": {
      const { descriptor, tags, restored, ...rest } = kind.value;
      const others = tags.length === 1 ? [] : tags;
      return words(content(descriptor), ...others, artifact(rest), restored && "restored");
    }
    case "manifestDeleted":
      return words(content(kind.value.descriptor), artifact(kind.value));
    case "manifestPulled":
      return pullDetails(kind.value);
    case "uploadCancelled":
    case "uploadExpired":
      return kind.value.uploadId;
    case "collectionFinished":
      return collected(kind.value);
    case "repositoryCreated":
    case "repositoryDeleted":
    case undefined:
      return "";
    default:
      return kind satisfies never;
  }
}

/** What a thing is that exists. */
export function itemDetails(item: SnapshotItem["item"]): string {
  switch (item.case) {
    case "repositoryState":
      return "repository";
    case "blob":
      return `blob ${content(item.value.descriptor)}`;
    case "manifest":
      return words("manifest", content(item.value.descriptor), artifact(item.value));
    case "tag":
      return `tag ${shortDigest(item.value.descriptor?.digest)}`;
    case undefined:
      return "";
    default:
      return item satisfies never;
  }
}

/** At most so many repositories are named. */
const NAMED = 3;

function users(repositories: readonly string[]): string {
  if (repositories.length === 0) return "";
  const more = repositories.length - NAMED;
  const named = repositories.slice(0, NAMED).join(", ");
  return `in ${named}${more > 0 ? ` and ${formatCount(more)} more` : ""}`;
}

interface Collection {
  readonly manifests: bigint;
  readonly links: bigint;
  readonly blobs: bigint;
  readonly bytes: bigint;
}

function collected({ manifests, links, blobs, bytes }: Collection): string {
  const size = formatSize(Number(bytes));
  const things = [formatQuantity(manifests, "manifest"), formatQuantity(links, "link")];
  return [...things, `${formatQuantity(blobs, "blob")} of ${size}`].join(", ");
}

interface Pull {
  readonly descriptor?: Content;
  readonly count: bigint;
}

function pullDetails({ descriptor, count }: Pull): string {
  return words(shortDigest(descriptor?.digest), count > 1n && `×${formatCount(count)}`);
}

/** What nearly every manifest is; it goes without saying. */
const ORDINARY: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

function artifact(manifest: { readonly artifactType: string; readonly subject: string }): string {
  const { artifactType, subject } = manifest;
  return words(
    !ORDINARY.has(artifactType) && artifactType,
    subject !== "" && `subject ${shortDigest(subject)}`,
  );
}

function content(descriptor: Content): string {
  return descriptor === undefined
    ? ""
    : `${shortDigest(descriptor.digest)} ${formatSize(Number(descriptor.size))}`;
}

function words(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== "").join(" ");
}
