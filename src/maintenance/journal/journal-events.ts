// From events to what the journal says of them.
import { trashKey } from "../../metadata/keeping-keys.ts";
import { manifestKey, tagKey } from "../../metadata/keys.ts";
import type { LoggedEvent, MetadataStore } from "../../metadata/metadata-store.ts";
import type { EventFact, EventRecord, ManifestRecord } from "../../metadata/records.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { JournalFact } from "./journal-facts.ts";

/** An event that says where it happened. */
interface Told {
  readonly s: number;
  readonly repository: RepositoryName;
  readonly event: EventRecord;
}

/**
 * None: it changed nothing that would have to be known. Of the events behind it those that came with it are looked at, as
 * far as they are given; without them something may be told twice.
 */
export async function factsOf(
  metadata: Pick<MetadataStore, "get">,
  { sequence: s, event }: LoggedEvent,
  behind: readonly LoggedEvent[],
): Promise<readonly JournalFact[]> {
  const { repository, fact } = event;
  if (fact.kind === "blob_collected") return [{ s, kind: "collected", digest: fact.descriptor.digest }];
  if (repository === undefined) return [];
  const told = await factIn(metadata, fact, { s, repository, event });
  if (told === undefined || fact.kind !== "manifest_pushed" || fact.restored === true)
    return told === undefined ? [] : [told];
  // Those of its tags that it moved have events of their own, right behind it.
  const moved = behind.slice(0, fact.tags.length).flatMap((next) => movedBy(next.event.fact));
  const tags = fact.tags.filter((tag) => !moved.includes(tag));
  return [told, ...(await tagsSet(metadata, { ...fact, tags }, { s, repository, event }))];
}

function movedBy(fact: EventFact): readonly Tag[] {
  return fact.kind === "tag_created" || fact.kind === "tag_moved" ? [fact.tag] : [];
}

/** Tags that pointed there already: when they were set again, and by whom. */
async function tagsSet(
  metadata: Pick<MetadataStore, "get">,
  { tags, descriptor: { digest } }: Extract<EventFact, { kind: "manifest_pushed" }>,
  { s, repository, event: { time, actor } }: Told,
): Promise<readonly JournalFact[]> {
  const cards = await Promise.all(tags.map((tag) => metadata.get(tagKey(repository, tag))));
  return tags.map((tag, place) => {
    const card = cards[place];
    const set = card?.digest === digest ? { time: card.updateTime, ...actorOf(card) } : undefined;
    return { s, kind: "tag-set", repository, tag, digest, ...(set ?? { time, ...actorOf({ actor }) }) };
  });
}

function actorOf({ actor }: { readonly actor?: string | undefined }) {
  return actor === undefined ? {} : { actor };
}

async function factIn(
  metadata: Pick<MetadataStore, "get">,
  fact: EventFact,
  { s, repository, event }: Told,
): Promise<JournalFact | undefined> {
  const { time } = event;
  switch (fact.kind) {
    case "repository_created":
      return { s, kind: "repository", repository, time };
    case "repository_deleted":
      return { s, kind: "repository-gone", repository };
    case "blob_pushed":
    case "blob_mounted": {
      const { digest, size } = fact.descriptor;
      return { s, kind: "link", repository, digest, size, time };
    }
    case "blob_deleted":
      return { s, kind: "link-gone", repository, digest: fact.descriptor.digest };
    case "manifest_pushed": {
      const { digest, mediaType, size } = fact.descriptor;
      // The card knows better, as of what was pushed elsewhere before; it may be gone by now.
      const card = await metadata.get(manifestKey(repository, digest));
      const known = card === undefined ? { time } : manifestTimes(card);
      return { s, kind: "manifest", repository, digest, mediaType, size, ...known };
    }
    case "manifest_deleted": {
      const { digest } = fact.descriptor;
      const card = await metadata.get(trashKey(repository, digest));
      if (card === undefined) return { s, kind: "manifest-gone", repository, digest };
      return { s, kind: "trash", repository, digest, card };
    }
    case "tag_created":
    case "tag_moved": {
      const { tag, descriptor } = fact;
      const from = fact.kind === "tag_moved" ? { from: fact.previousDigest } : {};
      const { digest } = descriptor;
      const card = await metadata.get(tagKey(repository, tag));
      const set = card?.digest === digest && card.updateTime !== time ? { updateTime: card.updateTime } : {};
      return { s, kind: "tag", repository, tag, digest, time, ...set, ...from, ...askedBy(event) };
    }
    case "tag_deleted":
      return {
        s,
        kind: "tag-gone",
        repository,
        tag: fact.tag,
        time,
        from: fact.descriptor.digest,
        ...askedBy(event),
      };
    default:
      return undefined;
  }
}

/** Of a manifest's card, what is not in its bytes. */
export function manifestTimes({ createTime, pushTime, signed }: ManifestRecord) {
  return {
    time: createTime,
    ...(pushTime !== undefined && { pushTime }),
    ...(signed !== undefined && { signed }),
  };
}

function askedBy({ actor, request }: EventRecord) {
  return { ...(actor !== undefined && { actor }), ...(request !== undefined && { requestId: request.id }) };
}
