// What the registry must look like, judged by its event log alone, and how often each kind of event was seen.
import type { Event, TagCreated, TagMoved } from "../../src/gen/stowage/v1/event_pb.ts";
import type { SnapshotItem } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ABSENT, blobName, eventName, manifestName, PRESENT, tagName } from "./ledger.ts";

export class EventReplay {
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #touched = new Set<string>();
  readonly #eventIds = new Set<string>();
  readonly #uploadIds = new Set<string>();
  readonly #repositories = new Set<string>();
  #last = 0;

  /** The cursor to continue behind. */
  get cursor(): string {
    return this.#last === 0 ? "" : String(this.#last);
  }

  /** The value that the log gives the name. */
  value(name: string): string {
    return this.#values.get(name) ?? ABSENT;
  }

  count(event: string): number {
    return this.#counts.get(event) ?? 0;
  }

  /** All kinds of events that were seen, as the ledger counts them. */
  counted(): Iterable<string> {
    return this.#counts.keys();
  }

  /** The names that are there, of this kind. */
  present(kind: "blob" | "manifest" | "tag"): string[] {
    return [...this.#values].flatMap(([name, value]) =>
      name.startsWith(`${kind} `) && value !== ABSENT ? [name] : [],
    );
  }

  /** The names that events touched since the last time. */
  takeTouched(): string[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** Takes one thing of a snapshot; throws when it comes twice. */
  begin({ repository, item }: SnapshotItem): void {
    const [name, value] = stateOf(repository, item);
    this.#expect(name, ABSENT);
    this.#set(name, value);
    if (item.case === "repositoryState") this.#repositories.add(repository);
  }

  /** The events behind this cursor come next. */
  continueBehind(cursor: string): void {
    this.#last = Number(cursor);
  }

  /** Takes the next event; throws when one is missing, comes twice, or contradicts those before it. */
  add(event: Event): void {
    if (Number(event.cursor) !== this.#last + 1)
      throw new Error(`behind cursor ${this.#last} comes ${event.cursor}`);
    this.#last += 1;
    once(this.#eventIds, event.eventId);
    this.#apply(event);
  }

  #apply({ repository, kind }: Event): void {
    switch (kind.case) {
      case "blobPushed":
        once(this.#uploadIds, kind.value.uploadId);
        this.#put(kind.case, blobName(repository, digestOf(kind.value)));
        break;
      case "blobMounted":
        this.#put(kind.case, blobName(repository, digestOf(kind.value)));
        break;
      case "blobDeleted":
        this.#remove(kind.case, blobName(repository, digestOf(kind.value)), PRESENT);
        break;
      case "manifestPushed":
        this.#put(kind.case, manifestName(repository, digestOf(kind.value)));
        break;
      case "manifestDeleted":
        this.#remove(kind.case, manifestName(repository, digestOf(kind.value)), PRESENT);
        break;
      case "tagCreated":
        this.#point(repository, kind.value, ABSENT);
        break;
      case "tagMoved":
        this.#point(repository, kind.value, kind.value.previousDigest);
        break;
      case "tagDeleted":
        this.#remove(kind.case, tagName(repository, kind.value.tag), digestOf(kind.value));
        break;
      case "uploadCancelled":
        this.#counted(eventName(kind.case, repository, kind.value.uploadId));
        break;
      case "repositoryCreated":
        once(this.#repositories, repository);
        break;
      case "manifestPulled":
        break; // it changes nothing
      case "repositoryDeleted":
        // Its last blob was deleted, and the registry looked.
        if (!this.#repositories.delete(repository))
          throw new Error(`${repository} is deleted, but was not there`);
        break;
      case "uploadExpired":
      case "blobCollected":
      case "blobDamaged":
      case "collectionFinished":
        throw new Error(`a ${kind.case} came, and nobody here makes one happen`);
      case undefined:
        throw new Error("an event has no kind");
    }
  }

  /** `before`: what the tag must have pointed to. */
  #point(repository: string, to: TagCreated | TagMoved, before: string): void {
    const name = tagName(repository, to.tag);
    this.#expect(name, before);
    this.#set(name, digestOf(to));
    this.#counted(eventName("tagSet", repository, `${to.tag}=${digestOf(to)}`));
  }

  #put(kind: string, name: string): void {
    this.#set(name, PRESENT);
    this.#counted(name.replace(/^\w+/, kind));
  }

  /** `before`: what must have been there. */
  #remove(kind: string, name: string, before: string): void {
    this.#expect(name, before);
    this.#set(name, ABSENT);
    this.#counted(name.replace(/^\w+/, kind));
  }

  #expect(name: string, before: string): void {
    const value = this.value(name);
    if (value !== before)
      throw new Error(`event ${this.#last} changes ${name} from ${before}, but it was ${value}`);
  }

  #set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#touched.add(name);
  }

  #counted(event: string): void {
    this.#counts.set(event, this.count(event) + 1);
  }
}

function stateOf(repository: string, item: SnapshotItem["item"]): readonly [name: string, value: string] {
  switch (item.case) {
    case "repositoryState":
      return [`repository ${repository}`, PRESENT];
    case "blob":
      return [blobName(repository, digestOf(item.value)), PRESENT];
    case "manifest":
      return [manifestName(repository, digestOf(item.value)), PRESENT];
    case "tag":
      return [tagName(repository, item.value.tag), digestOf(item.value)];
    case undefined:
      throw new Error("a snapshot's item is nothing");
  }
}

function digestOf(kind: { readonly descriptor?: { readonly digest: string } | undefined }): string {
  if (kind.descriptor === undefined) throw new Error("an event has no descriptor");
  return kind.descriptor.digest;
}

function once(seen: Set<string>, id: string): void {
  if (seen.has(id)) throw new Error(`${id} is in the log twice`);
  seen.add(id);
}
