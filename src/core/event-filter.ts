// Chooses events. A filter is compiled once and asked for every event; what a
// pattern said about a name is remembered, because the same names come again.
import type { EventRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import { EVENT_KINDS, type EventKind, isEventKind } from "../oci/event-kinds.ts";
import { type Glob, parseGlob } from "../oci/glob.ts";

/** What to choose, as it was written. An event must pass every member that is not empty, by one of its entries. */
export interface EventChoice {
  readonly repositoryPrefixes?: readonly string[];
  readonly kinds?: readonly string[];
  /** Globs, as the members below. */
  readonly repositories?: readonly string[];
  readonly mediaTypes?: readonly string[];
  readonly artifactTypes?: readonly string[];
  readonly tags?: readonly string[];
}

/**
 * Whether the reader may be shown a repository or, for undefined, what concerns none in particular, which is for who
 * may be shown all of them. Asked for each event: the answer may change.
 */
export type Sight = (repository: string | undefined) => boolean;

/** The most entries a member may have. */
const MAX_ENTRIES = 100;

/** How many names a member remembers. */
const MAX_KNOWN = 256;

/** The globs of one member. */
class Patterns {
  readonly #globs: readonly Glob[];
  readonly #known = new Map<string, boolean>();

  constructor(globs: readonly Glob[]) {
    this.#globs = globs;
  }

  fits(text: string): boolean {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const fits = this.#globs.some((glob) => glob.matches(text));
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    this.#known.set(text, fits);
    return fits;
  }
}

/** A compiled choice; made by parseEventFilter. */
export class EventFilter {
  /** Empty: all repositories. */
  readonly repositoryPrefixes: readonly string[];
  readonly #kinds: ReadonlySet<EventKind> | undefined;
  readonly #repositories: Patterns | undefined;
  readonly #mediaTypes: Patterns | undefined;
  readonly #artifactTypes: Patterns | undefined;
  readonly #tags: Patterns | undefined;
  readonly #sight: Sight | undefined;

  constructor(choice: EventChoice, sight: Sight | undefined) {
    this.#sight = sight;
    this.repositoryPrefixes = entries("repository_prefixes", choice.repositoryPrefixes);
    const kinds = entries("kinds", choice.kinds).map(parseKind);
    this.#kinds = kinds.length === 0 ? undefined : new Set(kinds);
    this.#repositories = patterns("repositories", choice.repositories);
    this.#mediaTypes = patterns("media_types", choice.mediaTypes);
    this.#artifactTypes = patterns("artifact_types", choice.artifactTypes);
    this.#tags = patterns("tags", choice.tags);
  }

  /** True: it depends on tags. */
  get asksForTags(): boolean {
    return this.#tags !== undefined;
  }

  /** True: it depends on artifact types. */
  get asksForArtifactTypes(): boolean {
    return this.#artifactTypes !== undefined;
  }

  /** True: events of the kind may pass. */
  choosesKind(kind: EventKind): boolean {
    return this.#kinds === undefined || this.#kinds.has(kind);
  }

  /** What the event does not have, no entry fits. */
  passes({ repository, fact }: EventRecord): boolean {
    return (
      this.choosesKind(fact.kind) &&
      this.#choosesRepository(repository) &&
      (this.#sight === undefined || this.#sight(repository)) &&
      fits(this.#mediaTypes, "descriptor" in fact ? fact.descriptor.mediaType : undefined) &&
      fits(this.#artifactTypes, "artifactType" in fact ? fact.artifactType : undefined) &&
      this.#choosesTags(fact)
    );
  }

  #choosesRepository(repository: string | undefined): boolean {
    const prefixes = this.repositoryPrefixes;
    if (prefixes.length > 0 && !prefixes.some((prefix) => repository?.startsWith(prefix))) return false;
    return fits(this.#repositories, repository);
  }

  #choosesTags(fact: EventRecord["fact"]): boolean {
    const patterns = this.#tags;
    if (patterns === undefined) return true;
    if ("tags" in fact) return fact.tags.some((tag) => patterns.fits(tag));
    return fits(patterns, "tag" in fact ? fact.tag : undefined);
  }
}

/** Compiles a choice. With a sight, only events in sight pass. Throws KIND_INVALID, FILTER_INVALID. */
export function parseEventFilter(choice: EventChoice, sight?: Sight): EventFilter {
  return new EventFilter(choice, sight);
}

function fits(patterns: Patterns | undefined, text: string | undefined): boolean {
  return patterns === undefined || (text !== undefined && patterns.fits(text));
}

function patterns(member: string, texts: readonly string[] | undefined): Patterns | undefined {
  const globs = entries(member, texts).map(parseGlob);
  return globs.length === 0 ? undefined : new Patterns(globs);
}

function entries(member: string, texts: readonly string[] = []): readonly string[] {
  if (texts.length <= MAX_ENTRIES) return texts;
  const message = `filter member ${member} has ${texts.length} entries; at most ${MAX_ENTRIES} are allowed`;
  throw new RegistryError("FILTER_INVALID", { member, limit: String(MAX_ENTRIES) }, { message });
}

function parseKind(text: string): EventKind {
  if (isEventKind(text)) return text;
  const kind = text.slice(0, 80);
  const message = `event kind "${kind}" is not one of ${EVENT_KINDS.join(", ")}`;
  throw new RegistryError("KIND_INVALID", { kind }, { message });
}
