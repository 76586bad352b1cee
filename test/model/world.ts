// What there is, as the model sees it: plain records, so that worlds can be copied, compared and printed. The same
// form holds what was observed of the real thing. Digests and names are plain text here; times in milliseconds.

/** A deleted manifest. */
export interface Trashed {
  /** When it was last pushed or brought back. */
  readonly seen: number;
  readonly deleted: number;
  /** The tags that come back with it, and when they had been set. */
  readonly tags: Readonly<Record<string, number>>;
  /** It went with this one. */
  readonly belongsTo?: string;
  /** Tags that were attached to it by name, and went with it, and what they pointed to, which stayed. */
  readonly attached: Readonly<Record<string, string>>;
  /** These went with it. */
  readonly companions: readonly string[];
}

export interface TagState {
  readonly digest: string;
  /** When it was last set. */
  readonly time: number;
}

export interface TagChange {
  readonly time: number;
  readonly from?: string;
  readonly to?: string;
}

export interface Repository {
  /** By digest: since when nobody has asked for the link. */
  links: Record<string, number>;
  /** By digest: when the manifest was last pushed or brought back. */
  live: Record<string, number>;
  tags: Record<string, TagState>;
  trash: Record<string, Trashed>;
  /** By tag, oldest first. */
  history: Record<string, readonly TagChange[]>;
  /** By digest: when the manifest last lost a tag. */
  untagged: Record<string, number>;
  /** By digest: how often the manifest was pulled, as far as that is remembered, and when last. */
  pulls: Record<string, { readonly count: number; readonly time: number }>;
  /** By id: when the session was begun. */
  uploads: Record<string, number>;
  /** False: it was removed, or never made; a history of tags may remain. */
  exists: boolean;
}

export interface World {
  repositories: Record<string, Repository>;
  /** Digests with a card. */
  cards: Record<string, true>;
  /** Digests with bytes in the cellar. */
  files: Record<string, true>;
}

export function emptyRepository(): Repository {
  return {
    ...{ links: {}, live: {}, tags: {}, trash: {}, history: {}, untagged: {}, pulls: {}, uploads: {} },
    exists: false,
  };
}

/** The repository, to be changed; it is made up when there is none. */
export function repositoryOf(world: World, name: string): Repository {
  const known = world.repositories[name] ?? emptyRepository();
  world.repositories[name] = known;
  return known;
}

/** Whether it holds nothing, not even an open session. */
export function isEmpty({ links, live, trash, uploads }: Repository): boolean {
  return [links, live, trash, uploads].every((records) => Object.keys(records).length === 0);
}

/** The same text for the same world, in whatever order it came to be. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    const entries = Object.entries(member).filter(([, one]) => one !== undefined && !isBlank(one));
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A repository that was only asked about is as if it had not been. */
function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((member) => member === false || isBlank(member));
}
