// Chooses the next steps by chance, with an eye on what there is, so that most of them do something. What is chosen is
// named in full: the steps can be done again without the choice.
import { v7 } from "uuid";
import type { RetentionConfig, RetentionRule } from "../../src/config/retention.ts";
import type { Random } from "../support/random.ts";
import { attachedTo } from "./going.ts";
import type { Model } from "./model.ts";
import type { Request, Step, TreeItem, Work } from "./steps.ts";
import { emptyRepository, type Repository } from "./world.ts";

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

const REPOSITORIES = ["team", "team/app", "team/app/sub", "team-x"];
const TAGS = ["v1", "v2", "latest", "keep-me"];
const SUFFIXES = ["", ".sig", ".att", ".sbom"];

export interface ChoiceOptions {
  /** What a sequence may hold besides requests. */
  readonly imports: boolean;
  readonly purgesUploads: boolean;
  /** How often, by weight; all other weights are about 80. */
  readonly crashes: number;
}

type Chooser = () => readonly Step[];

export class Choice {
  readonly #random: Random;
  readonly #options: ChoiceOptions;
  #model: Model;
  #sessions = 0;

  constructor(random: Random, model: Model, options: ChoiceOptions) {
    this.#random = random;
    this.#model = model;
    this.#options = options;
  }

  /** One step, or some that belong together. */
  next(model: Model): readonly Step[] {
    this.#model = model;
    const { imports, purgesUploads, crashes } = this.#options;
    const choices: readonly (readonly [number, Chooser])[] = [
      [18, () => this.#push()],
      [30, () => [this.request()]],
      [10, () => [{ kind: "wait", ms: this.#wait() }]],
      [7, () => [this.#collect()]],
      [2, () => [{ kind: "retention", config: this.#rules() }]],
      [purgesUploads ? 2 : 0, () => [{ kind: "purge-uploads", ageMs: this.#random.integer(0, 3) * DAY }]],
      [1, () => [{ kind: "purge-trash", olderThanMs: this.#random.integer(0, 5) * DAY }]],
      [imports ? 2 : 0, () => [this.#import()]],
      [12, () => [{ kind: "together", works: this.#works() }]],
      [4, () => this.#race()],
      [crashes, () => [this.#crash()]],
    ];
    return this.#weighted(choices)();
  }

  /** Something a client asks for. */
  request(): Request {
    const repository = this.#random.pick(REPOSITORIES);
    const seen = this.#repository(repository);
    const live = Object.keys(seen.live);
    const trash = Object.keys(seen.trash);
    const links = Object.keys(seen.links);
    const digest = (
      kind: "head" | "pull" | "delete-manifest" | "delete-blob" | "undelete" | "purge",
      from: string[],
    ) => ({ kind, repository, digest: this.#random.pick(from.length > 0 ? from : this.#all()) }) as const;
    const choices: readonly (readonly [number, () => Request])[] = [
      [4, () => this.#put(repository)],
      [3, () => ({ kind: "push-blob", repository, digest: this.#blob(), id: this.#session() })],
      [4, () => this.#mount(repository)],
      [4, () => digest("head", links)],
      [3, () => digest("pull", live)],
      [6, () => digest("delete-manifest", live)],
      [3, () => digest("delete-blob", links)],
      [4, () => digest("undelete", trash)],
      [1, () => digest("purge", trash)],
      [3, () => ({ kind: "delete-tag", repository, tag: this.#tag(seen) })],
      [4, () => this.#restoreTag(repository, seen)],
      [4, () => this.#upload()],
    ];
    return this.#weighted(choices)();
  }

  /** Some works at once; at most one of them is a collection. */
  #works(): readonly Work[] {
    const requests: Work[] = Array.from({ length: this.#random.integer(2, 3) }, () => this.request());
    const isSame = (one: Work, other: Work) => "id" in one && "id" in other && one.id === other.id;
    const works = requests.filter(
      (work, place) => !requests.slice(0, place).some((other) => isSame(work, other)),
    );
    return this.#random.chance(0.5) ? [this.#collect(), ...works] : works;
  }

  /** A collection removes what only a forgotten push has brought, while somebody comes to need it. */
  #race(): readonly Step[] {
    const { pool, options } = this.#model;
    const all = [...pool.blobs.keys()];
    const free = all.filter((blob) => !this.#model.isHeld(blob));
    const digest = this.#random.pick(free.length > 0 ? free : all);
    const [before, now] = [this.#random.pick(REPOSITORIES), this.#random.pick(REPOSITORIES)];
    const push = (repository: string) =>
      ({ kind: "push-blob", repository, digest, id: this.#session() }) as const;
    const need = this.#random.pick<Request>([
      push(now),
      push(now),
      { kind: "mount", repository: now, digest },
      { kind: "head", repository: before, digest },
    ]);
    return [
      push(before),
      { kind: "wait", ms: options.graceMs + this.#random.integer(0, 1) * HOUR },
      { kind: "together", works: [{ kind: "collect" }, need, this.request()] },
    ];
  }

  #crash(): Step {
    const calls = this.#random.integer(1, 60);
    if (this.#random.chance(0.3)) return { kind: "crash", calls, works: [this.#collect()] };
    if (this.#random.chance(0.15))
      return { kind: "crash", calls, works: [{ kind: "retention", config: this.#rules() }] };
    if (this.#options.imports && this.#random.chance(0.15))
      return { kind: "crash", calls, works: [this.#import()] };
    return { kind: "crash", calls, works: this.#works() };
  }

  /** All that it takes to push a manifest, and the manifest. */
  #push(): readonly Step[] {
    const repository = this.#random.pick(REPOSITORIES);
    const { pool } = this.#model;
    const attached = this.#random.chance(0.25) ? this.#random.pick(pool.attachable) : undefined;
    const digest = attached ?? this.#random.pick([...pool.documents.keys()]);
    const live = Object.keys(this.#repository(repository).live).filter((other) => other !== digest);
    const tags =
      attached !== undefined && live.length > 0
        ? [this.#random.pick(live).replace(":", "-") + this.#random.pick(SUFFIXES)]
        : this.#random.chance(0.7)
          ? [this.#random.pick(TAGS)]
          : [];
    return this.#pushes(repository, digest, tags);
  }

  #pushes(repository: string, digest: string, tags: readonly string[]): readonly Step[] {
    const { blobs, members } = this.#model.pool.document(digest);
    const { links, live } = this.#repository(repository);
    return [
      ...blobs
        .filter((blob) => !(blob in links) || this.#random.chance(0.1))
        .map((blob) => ({ kind: "push-blob", repository, digest: blob, id: this.#session() }) as const),
      ...members
        .filter((member) => !(member in live))
        .flatMap((member) => this.#pushes(repository, member, [])),
      { kind: "put", repository, digest, tags },
    ];
  }

  #put(repository: string): Request {
    const seen = this.#repository(repository);
    const known = [...Object.keys(seen.live), ...Object.keys(seen.trash)];
    const digest = this.#random.pick(
      known.length > 0 && this.#random.chance(0.8) ? known : [...this.#model.pool.documents.keys()],
    );
    return {
      kind: "put",
      repository,
      digest,
      tags: this.#random.chance(0.7) ? [this.#random.pick(TAGS)] : [],
    };
  }

  #mount(repository: string): Request {
    const from = this.#random.pick(REPOSITORIES);
    const links = Object.keys(this.#repository(from).links);
    // A manifest can be a blob of its repository too.
    const live = Object.keys(this.#repository(repository).live);
    if (live.length > 0 && this.#random.chance(0.25))
      return { kind: "mount", repository, digest: this.#random.pick(live) };
    const digest = this.#random.pick(links.length > 0 && this.#random.chance(0.8) ? links : this.#all());
    return { kind: "mount", repository, digest, ...(this.#random.chance(0.6) && { from }) };
  }

  #restoreTag(repository: string, { history, trash, live }: Repository): Request {
    const tags = Object.keys(history);
    const tag = this.#random.pick(tags.length > 0 ? tags : TAGS);
    const since = history[tag]?.at(0)?.time ?? this.#model.time;
    const time = Math.max(1, this.#model.time - since + this.#random.integer(-20, 1) * DAY);
    const digests = [...Object.keys(trash), ...Object.keys(live), ...this.#all()];
    const to = this.#random.chance(0.5) ? this.#random.pick(digests.slice(0, 6)) : time;
    const isManifest = typeof to === "number" || this.#model.pool.documents.has(to as never);
    // Nobody attaches a manifest to itself.
    return { kind: "restore-tag", repository, tag, to: isManifest && attachedTo(tag) !== to ? to : time };
  }

  #upload(): Request {
    const open = REPOSITORIES.flatMap((repository) =>
      Object.keys(this.#repository(repository).uploads).map((id) => ({ repository, id })),
    );
    if (open.length === 0 || this.#random.chance(0.3))
      return { kind: "begin-upload", repository: this.#random.pick(REPOSITORIES), id: this.#session() };
    const { repository, id } = this.#random.pick(open);
    const parts = this.#model.memory.written[id]?.parts ?? 0;
    if (parts > 1 || this.#random.chance(0.3)) return { kind: "cancel-upload", repository, id };
    const isWritten = parts === 1 && this.#random.chance(0.9);
    const digest = this.#blobOf(id);
    return { kind: isWritten ? "commit-upload" : "write-upload", repository, id, digest };
  }

  #import(): Work {
    const age = this.#random.integer(0, 40) * DAY;
    const items: TreeItem[] = Array.from({ length: this.#random.integer(1, 3) }, (_, place) => ({
      repository: this.#random.pick(REPOSITORIES),
      digest: this.#random.pick([...this.#model.pool.documents.keys()]),
      tags: [TAGS[place] ?? "more"],
      age,
    }));
    return { kind: "import", items };
  }

  #collect(): Extract<Work, { kind: "collect" }> {
    const graceMs = this.#random.pick([0, HOUR, 5 * HOUR, 20 * HOUR]);
    return {
      kind: "collect",
      ...(this.#random.chance(0.25) && { graceMs }),
      ...(this.#random.chance(0.15) && { items: this.#random.integer(1, 8) }),
    };
  }

  #rules(): RetentionConfig {
    const rules: RetentionRule[] = Array.from({ length: this.#random.integer(0, 2) }, (_, number) => ({
      name: `rule ${number + 1}`,
      repositories: [this.#random.pick(["**", ...REPOSITORIES])],
      tags: [this.#random.pick(["**", "v*", "latest"])],
      keep: this.#random.pick<RetentionRule["keep"]>([
        { newest: this.#random.integer(1, 2) },
        { pushedWithinMs: this.#random.integer(1, 10) * DAY },
        { newest: 1, tags: ["keep*"] },
        { always: true },
      ]),
    }));
    return { rules, ...(this.#random.chance(0.6) && { untaggedMs: this.#random.integer(0, 10) * DAY }) };
  }

  #wait(): number {
    const unit = this.#random.pick([1000, HOUR, HOUR, DAY, 10 * DAY]);
    return this.#random.integer(1, unit === HOUR ? 23 : 4) * unit;
  }

  #tag({ tags }: Repository): string {
    const known = Object.keys(tags);
    return this.#random.pick(known.length > 0 ? known : TAGS);
  }

  #blob(): string {
    return this.#random.pick([...this.#model.pool.blobs.keys()]);
  }

  /** The same blob for the same session. */
  #blobOf(id: string): string {
    const all = [...this.#model.pool.blobs.keys()];
    return all[Number.parseInt(id.slice(-4), 16) % all.length] ?? "";
  }

  #all(): string[] {
    return [...this.#model.pool.blobs.keys(), ...this.#model.pool.documents.keys()];
  }

  #session(): string {
    this.#sessions += 1;
    return v7({ msecs: this.#model.time, seq: this.#sessions, random: this.#random.bytes(16) });
  }

  #repository(name: string): Repository {
    return this.#model.world.repositories[name] ?? emptyRepository();
  }

  #weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.#random.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new Error("nothing to choose from");
  }
}
