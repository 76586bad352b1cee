// The model: what the registry promises, said as simply as can be, over sets that are searched from end to end. It is
// written from the rules as they are told to users, not from the code that keeps them.

import { bringBack } from "./coming-back.ts";
import { attachedTo, goingWith } from "./going.ts";
import type { Memory, ModelOptions } from "./model-parts.ts";
import type { Pool } from "./pool.ts";
import { exceeds } from "./quota.ts";
import type { Request } from "./steps.ts";
import { isEmpty, type Repository, repositoryOf, type TagChange, type Trashed, type World } from "./world.ts";

/** So many parts were written that nothing can be made of them; or it is not known what was. */
export const MANY = 9;

/** What a request leads to: "ok" with what was told, or the error's code. */
export type Outcome = string;

export function ok(detail?: Readonly<Record<string, unknown>>): Outcome {
  return detail === undefined ? "ok" : `ok ${JSON.stringify(detail)}`;
}

/** Only what is here can have been pulled. */
function pull({ time }: Model, { live, pulls }: Repository, digest: string): Outcome {
  if (digest in live) pulls[digest] = { count: (pulls[digest]?.count ?? 0) + 1, time };
  return ok();
}

export class Model {
  time: number;
  world: World;
  memory: Memory;
  readonly pool: Pool;
  readonly options: ModelOptions;

  constructor(pool: Pool, options: ModelOptions, time: number) {
    this.pool = pool;
    this.options = options;
    this.time = time;
    this.world = { repositories: {}, cards: {}, files: {} };
    this.memory = { postponed: {}, looseSince: {}, unsettled: 0, strays: {}, written: {} };
  }

  clone(): Model {
    const clone = new Model(this.pool, this.options, this.time);
    clone.world = structuredClone(this.world);
    clone.memory = structuredClone(this.memory);
    return clone;
  }

  /** Whether anything keeps the bytes: a link, or a manifest, live or in the trash, that they are or that names them. */
  isHeld(digest: string): boolean {
    return Object.values(this.world.repositories).some(
      (repository) =>
        digest in repository.links ||
        digest in repository.live ||
        digest in repository.trash ||
        this.isNamed(repository, digest),
    );
  }

  /** Whether a manifest of the repository names it, live or in the trash. */
  isNamed({ live, trash }: Repository, digest: string): boolean {
    return [...Object.keys(live), ...Object.keys(trash)].some((manifest) =>
      this.pool.namedBy(manifest).includes(digest as never),
    );
  }

  /** The request's outcome; the world is as it is afterwards. */
  request(request: Request): Outcome {
    const { quota } = this.options;
    if (quota === undefined) return this.#do(request);
    const before = { world: structuredClone(this.world), memory: structuredClone(this.memory) };
    const outcome = this.#do(request);
    if (!exceeds(quota, before.world, this.world)) return outcome;
    Object.assign(this, before);
    // The bytes of a manifest come before its card.
    if (request.kind === "put") this.world.files[request.digest] = true;
    return "DENIED";
  }

  #do(request: Request): Outcome {
    const repository = repositoryOf(this.world, request.repository);
    switch (request.kind) {
      case "push-blob":
        this.#place(repository, request.digest);
        return ok();
      case "put":
        return this.#put(repository, request.digest, request.tags);
      case "mount":
        return this.#mount(repository, request);
      case "head":
        return this.#head(repository, request.digest);
      case "pull":
        return pull(this, repository, request.digest);
      case "delete-tag": {
        const tag = repository.tags[request.tag];
        if (tag === undefined) return "MANIFEST_UNKNOWN";
        this.removeTag(repository, request.tag);
        return ok({ digest: tag.digest });
      }
      case "delete-manifest":
        return this.#deleteManifest(repository, request.digest);
      case "delete-blob":
        if (!(request.digest in repository.links)) return "BLOB_UNKNOWN";
        if (this.#isNeeded(repository, request.digest)) return "BLOB_IN_USE";
        delete repository.links[request.digest];
        return ok();
      case "undelete":
        return this.#undelete(repository, request.digest);
      case "purge":
        if (!(request.digest in repository.trash)) return "MANIFEST_UNKNOWN";
        this.purge(repository, request.digest);
        return ok();
      case "restore-tag":
        return this.#restoreTag(repository, request.tag, request.to);
      case "begin-upload":
        repository.uploads[request.id] = this.time;
        return ok();
      case "write-upload":
      case "commit-upload":
      case "cancel-upload":
        return this.#upload(repository, request);
    }
  }

  /** Notes what nothing keeps any more. To be called after each step. */
  settle(): void {
    const { files } = this.world;
    const { looseSince, strays } = this.memory;
    for (const digest of Object.keys(strays))
      if (digest in this.world.cards || !(digest in files)) delete strays[digest];
    for (const digest of new Set([...Object.keys(files), ...Object.keys(looseSince)])) {
      if (this.isHeld(digest) || !(digest in files)) delete looseSince[digest];
      else looseSince[digest] ??= this.time;
    }
  }

  /** Points a tag to a manifest. */
  setTag(repository: Repository, tag: string, digest: string, time = this.time): void {
    const before = repository.tags[tag]?.digest;
    repository.tags[tag] = { digest, time };
    if (before === digest) return;
    if (before !== undefined) repository.untagged[before] = this.time;
    this.#remember(repository, tag, before === undefined ? { to: digest } : { from: before, to: digest });
  }

  removeTag(repository: Repository, tag: string): void {
    const before = repository.tags[tag];
    if (before === undefined) return;
    delete repository.tags[tag];
    repository.untagged[before.digest] = this.time;
    this.#remember(repository, tag, { from: before.digest });
  }

  /** The manifest is gone for good; what it named has a grace time from now on. */
  purge(repository: Repository, digest: string): void {
    delete repository.trash[digest];
    delete repository.untagged[digest];
    delete repository.pulls[digest];
    for (const named of this.pool.namedBy(digest))
      if (named in repository.links) repository.links[named] = this.time;
  }

  /** Someone relies on the link: it is his for half a grace time at least. */
  lease(repository: Repository, digest: string): void {
    const since = repository.links[digest];
    if (since === undefined || since < this.time - this.options.graceMs / 2)
      repository.links[digest] = this.time;
    repository.exists = true;
  }

  /** The manifest is in the repository from now on. */
  enter(repository: Repository, digest: string, seen: number): void {
    repository.exists = true;
    repository.live[digest] = seen;
    delete repository.trash[digest];
    this.world.cards[digest] = true;
    this.world.files[digest] = true;
  }

  /** With the end of its last session a repository goes in which nothing is left. */
  dropEmpty(repository: Repository): void {
    if (isEmpty(repository)) repository.exists = false;
  }

  /** A blob was pushed. */
  #place(repository: Repository, digest: string): void {
    this.world.cards[digest] = true;
    this.world.files[digest] = true;
    this.lease(repository, digest);
  }

  #put(repository: Repository, digest: string, tags: readonly string[]): Outcome {
    const { blobs, members } = this.pool.document(digest);
    const isHere =
      blobs.every((blob) => blob in repository.links) &&
      members.every((member) => member in repository.live || member in repository.links);
    if (!isHere) return "MANIFEST_BLOB_UNKNOWN";
    this.enter(repository, digest, this.time);
    for (const tag of tags) this.setTag(repository, tag, digest);
    return ok();
  }

  #mount(repository: Repository, { digest, from }: { digest: string; from?: string }): Outcome {
    const source = from === undefined ? undefined : this.world.repositories[from];
    if (!(digest in this.world.cards)) return "BLOB_UNKNOWN";
    if (from !== undefined && (source === undefined || !(digest in source.links))) return "BLOB_UNKNOWN";
    this.lease(repository, digest);
    return ok();
  }

  #head(repository: Repository, digest: string): Outcome {
    if (!(digest in repository.links)) return "BLOB_UNKNOWN";
    // What a manifest names does not go, whoever relies on it.
    if (!this.isNamed(repository, digest)) this.lease(repository, digest);
    return ok();
  }

  /** Whether a live manifest would miss it. */
  #isNeeded({ live }: Repository, digest: string): boolean {
    if (this.options.referencedDeletion === "allow") return false;
    return Object.keys(live).some((manifest) => this.pool.namedBy(manifest).includes(digest as never));
  }

  #deleteManifest(repository: Repository, digest: string): Outcome {
    if (!(digest in repository.live)) return "MANIFEST_UNKNOWN";
    if (this.#isNeeded(repository, digest)) return "MANIFEST_IN_USE";
    const { manifests, tags: attached } = goingWith(this.pool, repository, digest);
    const own = Object.keys(repository.tags).filter((tag) => repository.tags[tag]?.digest === digest);
    const companions = [...manifests].filter((manifest) => manifest !== digest).toSorted();
    const targets = new Map([...attached].map((tag) => [tag, repository.tags[tag]?.digest]));
    const stayed = Object.fromEntries(
      [...targets].flatMap(([tag, target]) =>
        target === undefined || manifests.has(target) ? [] : [[tag, target] as const],
      ),
    );
    const times = new Map(Object.entries(repository.tags).map(([tag, { time }]) => [tag, time]));
    for (const tag of new Set([...own, ...attached])) this.removeTag(repository, tag);
    for (const manifest of manifests) {
      const tags = manifest === digest ? own : [...attached].filter((tag) => targets.get(tag) === manifest);
      this.#trash(repository, manifest, {
        tags: Object.fromEntries(tags.toSorted().map((tag) => [tag, times.get(tag) ?? 0])),
        ...(manifest === digest
          ? { companions, attached: stayed }
          : { belongsTo: digest, companions: [], attached: {} }),
      });
    }
    return ok({ tags: own.toSorted(), companions });
  }

  #trash(repository: Repository, digest: string, how: Omit<Trashed, "seen" | "deleted">): void {
    const seen = repository.live[digest] ?? this.time;
    delete repository.live[digest];
    repository.trash[digest] = { seen, deleted: this.time, ...how };
  }

  #undelete(repository: Repository, digest: string): Outcome {
    const record = repository.trash[digest];
    if (record === undefined) return "MANIFEST_UNKNOWN";
    const { tags, takenTags, others } = bringBack(this, repository, { digest, record, wants: () => true });
    return ok({ tags: tags.toSorted(), takenTags: takenTags.toSorted(), companions: others.toSorted() });
  }

  #restoreTag(repository: Repository, tag: string, to: string | number): Outcome {
    const digest =
      typeof to === "string" ? to : this.#whatItWas(repository.history[tag] ?? [], this.time - to);
    if (digest === undefined) return "MANIFEST_UNKNOWN";
    const record = repository.trash[digest];
    if (!(digest in repository.live) && record === undefined) return "MANIFEST_UNKNOWN";
    // Its signatures come with it; other tags that it had were not asked for.
    const wants = (other: string) => other !== tag && attachedTo(other) !== undefined;
    const undeleted =
      record === undefined ? [] : [digest, ...bringBack(this, repository, { digest, record, wants }).others];
    this.setTag(repository, tag, digest);
    return ok({ digest, undeleted: undeleted.toSorted() });
  }

  /** What the tag pointed to then, as far as its history tells. */
  #whatItWas(history: readonly TagChange[], time: number): string | undefined {
    const before = history.findLast((change) => change.time <= time);
    if (before !== undefined) return before.to;
    return time < this.time - this.options.tagHistoryMs ? undefined : history[0]?.from;
  }

  #upload(
    repository: Repository,
    { kind, id, digest }: { readonly kind: string; readonly id: string; readonly digest?: string },
  ): Outcome {
    const written = this.memory.written[id] ?? { parts: 0, time: 0 };
    if (!(id in repository.uploads)) return "BLOB_UPLOAD_UNKNOWN";
    if (kind === "write-upload") {
      this.memory.written[id] = { parts: written.parts + 1, time: this.time };
      return ok();
    }
    if (kind === "commit-upload" && written.parts !== 1) return "DIGEST_INVALID";
    delete repository.uploads[id];
    delete this.memory.written[id];
    if (kind === "commit-upload" && digest !== undefined) this.#place(repository, digest);
    else this.dropEmpty(repository);
    return ok();
  }

  #remember(repository: Repository, tag: string, change: { from?: string; to?: string }): void {
    repository.history[tag] = [...(repository.history[tag] ?? []), { time: this.time, ...change }];
  }
}
