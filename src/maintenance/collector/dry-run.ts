// Tells what the collector would remove now, without touching anything: the same
// questions as core/removal.ts asks, with what the answers before have taken away.
import type { CoreContext } from "../../core/context.ts";
import { namedByStored } from "../../core/manifest-content.ts";
import { MOST_GRACES } from "../../core/removal.ts";
import type { DueEntry } from "../../metadata/due.ts";
import { heldKey, namedKey, openUploadsKey, trashKey } from "../../metadata/keeping-keys.ts";
import { blobKey, linkKey } from "../../metadata/keys.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RemovedItem } from "./collection-items.ts";
import { type Look, type LookResult, Ripeness } from "./collector-look.ts";

const NOTHING_FOUND: LookResult = { handled: false, items: [] };

export class DryRun implements Look {
  readonly ripeness: Ripeness;
  readonly #context: CoreContext;
  readonly #graceMs: number;
  /** By how much fewer hold a digest than the catalogue says. */
  readonly #lessHeld = new Map<Digest, number>();
  /** By how much fewer manifests of a repository name it. */
  readonly #lessNamed = new Map<string, number>();
  /** What was told already: the list may have several entries for one thing. */
  readonly #told = new Set<string>();
  #answered: Promise<unknown> = Promise.resolve();

  constructor(context: CoreContext, graceMs: number) {
    this.#context = context;
    this.#graceMs = graceMs;
    this.ripeness = new Ripeness(context, graceMs);
  }

  /** One after the other: each answer is the next one's question. */
  at({ what }: DueEntry): Promise<LookResult> {
    const answer = this.#answered.then(() => this.#at(what));
    this.#answered = answer.catch(() => undefined);
    return answer;
  }

  async #at(what: DueEntry["what"]): Promise<LookResult> {
    switch (what.kind) {
      case "link":
        return this.#told.has(keyOf(what)) ? NOTHING_FOUND : this.#atLink(what);
      case "trash":
        return this.#told.has(keyOf(what)) ? NOTHING_FOUND : this.#atTrash(what);
      case "blob":
        return found(await this.#blobs([what.digest]));
      case "tag-change":
        return NOTHING_FOUND;
    }
  }

  async #atLink(what: DueEntry["what"] & { kind: "link" }): Promise<LookResult> {
    const { metadata, now } = this.#context;
    const { repository, digest } = what;
    const link = await metadata.get(linkKey(repository, digest));
    if (link === undefined || (await this.#isNamed(what))) return NOTHING_FOUND;
    const since = link.leaseTime ?? link.createTime;
    const isPushing = (await metadata.get(openUploadsKey(repository))) !== undefined;
    if (since + this.#graceMs * (isPushing ? MOST_GRACES : 1) > now()) return NOTHING_FOUND;
    this.#told.add(keyOf(what));
    this.#letGo(digest);
    return found([{ ...what, size: link.size }, ...(await this.#blobs([digest]))]);
  }

  async #atTrash(what: DueEntry["what"] & { kind: "trash" }): Promise<LookResult> {
    const { metadata, now, options } = this.#context;
    const { repository, digest } = what;
    const record = await metadata.get(trashKey(repository, digest));
    if (record === undefined || record.deleteTime + options.trashAgeMs > now()) return NOTHING_FOUND;
    this.#told.add(keyOf(what));
    const named = await namedByStored(this.#context, digest, record.manifest);
    for (const other of [digest, ...named]) this.#letGo(other);
    for (const other of named) {
      const key = namedKey(repository, other).text;
      this.#lessNamed.set(key, (this.#lessNamed.get(key) ?? 0) + 1);
    }
    const { size } = record.manifest;
    return found([
      { kind: "manifest", repository, digest, size },
      ...(await this.#blobs([digest, ...named])),
    ]);
  }

  async #isNamed(what: DueEntry["what"] & { kind: "link" }): Promise<boolean> {
    const key = namedKey(what.repository, what.digest);
    const count = (await this.#context.metadata.get(key)) ?? 0;
    return count > (this.#lessNamed.get(key.text) ?? 0);
  }

  /** Those of them that nothing holds any more. */
  async #blobs(digests: readonly Digest[]): Promise<RemovedItem[]> {
    const items: RemovedItem[] = [];
    for (const digest of digests) {
      const held = (await this.#context.metadata.get(heldKey(digest))) ?? 0;
      if (this.#told.has(digest) || held > (this.#lessHeld.get(digest) ?? 0)) continue;
      const blob = await this.#context.metadata.get(blobKey(digest));
      if (blob === undefined) continue;
      this.#told.add(digest);
      items.push({ kind: "blob", digest, size: blob.size });
    }
    return items;
  }

  #letGo(digest: Digest): void {
    this.#lessHeld.set(digest, (this.#lessHeld.get(digest) ?? 0) + 1);
  }
}

function keyOf(what: DueEntry["what"] & { kind: "link" | "trash" }): string {
  return `${what.kind} ${what.repository} ${what.digest}`;
}

function found(items: readonly RemovedItem[]): LookResult {
  return { handled: false, items };
}
