// Reads every blob again, slowly, and compares it with its digest: disks forget. What
// is wrong is put aside before anybody is given it, and marked so that it is pushed
// again. Goes on where it was interrupted.
import { setTimeout as sleep } from "node:timers/promises";
import type { CoreContext } from "../core/context.ts";
import { repositoriesUsing } from "../core/damage.ts";
import { scrubKey } from "../metadata/keeping-keys.ts";
import type { ScrubRecord } from "../metadata/keeping-records.ts";
import { blobs as allBlobs, blobKey } from "../metadata/keys.ts";
import { put } from "../metadata/metadata-store.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { type Treatment, treatDamaged, withAlone } from "./damage.ts";
import { hashStored, refusalOf } from "./hash-stored.ts";
import { Pace } from "./pace.ts";

export interface ScrubOptions {
  /** The most bytes a second. 0: any number. */
  readonly rate: number;
  /** True: from the first blob on, also where a pass was interrupted. */
  readonly restart?: boolean;
}

/** A blob whose bytes were wrong, or gone, or which could not be opened. */
export interface DamagedBlob {
  readonly kind: "damaged";
  readonly digest: Digest;
  /** What it should have, in bytes. */
  readonly size: number;
  /** In words. */
  readonly reason: string;
  /** Who uses it, at most 500. */
  readonly repositories: readonly RepositoryName[];
  /** True: it was put right from the copy beside a manifest's card. */
  readonly repaired: boolean;
}

export interface ScrubProgress {
  readonly kind: "progress";
  readonly phase: "scrub";
  /** Blobs that this pass has read. */
  readonly done: number;
  readonly bytes: number;
  readonly damaged: number;
}

export type ScrubItem = DamagedBlob | ScrubProgress;

/** How many records are read at once. */
const BATCH = 100;

/** How often progress is told, and the position kept, in milliseconds. */
const TELL_MS = 1000;

/** Reading one that is smaller is no time to speak of. In bytes. */
const LARGE_SIZE = 4 * 1024 * 1024;

/** A blob that others keep replacing is left to the next pass. */
const MOST_LOOKS = 4;

/** How far this pass is. */
interface Position {
  after: Digest | undefined;
  blobs: number;
  bytes: number;
  damaged: number;
}

/** What reading a blob once has told. */
interface Look {
  readonly version: string;
  /** Undefined: it is as it should be. */
  readonly reason: string | undefined;
  /** True: nothing is known of its bytes. */
  readonly refused?: boolean;
}

export class Scrub {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Reads all blobs once, in the order of their digests; ends early with its reader or the signal. */
  async *run(options: ScrubOptions, signal?: AbortSignal): AsyncGenerator<ScrubItem, void, undefined> {
    const { metadata, now } = this.#context;
    const last = await metadata.get(scrubKey);
    const goesOn = last !== undefined && last.endTime === undefined && options.restart !== true;
    const { startTime, ...rest } = goesOn ? last : { startTime: now(), ...NOTHING_YET };
    const position: Position = { after: undefined, ...rest };
    const ended = new AbortController(); // also by a reader who has enough
    const either = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    let endTime: number | undefined;
    try {
      yield* this.#pass(position, { startTime, pace: new Pace(options.rate) }, either);
      endTime = now();
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      ended.abort();
      await this.#keep(position, { startTime, ...(endTime !== undefined && { endTime }) });
    }
    yield progressOf(position);
  }

  async *#pass(
    position: Position,
    { startTime, pace }: { readonly startTime: number; readonly pace: Pace },
    signal: AbortSignal,
  ): AsyncGenerator<ScrubItem, void, undefined> {
    const { metadata } = this.#context;
    let told = performance.now();
    for (;;) {
      const start = position.after === undefined ? {} : { after: position.after };
      const page = await metadata.page(allBlobs, { limit: BATCH, ...start });
      for (const { name, record } of page) {
        const digest = name as Digest; // blobs are named by their digests
        signal.throwIfAborted();
        if (record !== undefined && record.damageTime === undefined) {
          const checking = this.#check(digest, record.size, { pace, position, signal });
          if (record.size > LARGE_SIZE) yield* tellMeanwhile(checking, position);
          const found = await checking;
          position.blobs += 1;
          position.after = digest;
          if (found !== undefined) {
            position.damaged += 1;
            yield found;
          }
        }
        position.after = digest;
        if (performance.now() - told < TELL_MS) continue;
        told = performance.now();
        await this.#keep(position, { startTime });
        yield progressOf(position);
      }
      if (page.length < BATCH) return;
    }
  }

  /** Twice wrong, unchanged in between, while nobody else has it in hand: only then it is damaged. */
  async #check(
    digest: Digest,
    size: number,
    work: { readonly pace: Pace; readonly position: Position; readonly signal: AbortSignal },
  ): Promise<DamagedBlob | undefined> {
    let wrongVersion: string | undefined;
    for (let look = 0; look < MOST_LOOKS; look++) {
      const { version, reason, refused = false } = await this.#read(digest, work);
      if (reason === undefined) return undefined;
      if (refused) return this.#refused(digest, size, reason);
      if (wrongVersion === version) {
        const verdict = await withAlone(this.#context, digest, () => this.#treat(digest, version));
        if (verdict === "sound") return undefined;
        if (verdict !== undefined && verdict !== "changed")
          return { kind: "damaged", digest, size, reason, ...verdict };
      }
      wrongVersion = version;
    }
    return undefined;
  }

  /** It may be good: it is named, and left as it is. */
  async #refused(digest: Digest, size: number, reason: string): Promise<DamagedBlob | undefined> {
    const { metadata } = this.#context;
    if ((await metadata.get(blobKey(digest))) === undefined) return undefined; // collected
    const repositories = await repositoriesUsing(metadata, digest);
    return { kind: "damaged", digest, size, reason, repositories, repaired: false };
  }

  async #read(
    digest: Digest,
    {
      pace,
      position,
      signal,
    }: { readonly pace: Pace; readonly position: Position; readonly signal: AbortSignal },
  ): Promise<Look> {
    const { blobs } = this.#context;
    const lying = await blobs.inspect(digest).catch((error: unknown) => {
      const reason = refusalOf(error);
      if (reason === undefined) throw error;
      return { version: "", reason, refused: true };
    });
    if (lying !== undefined && "refused" in lying) return lying;
    const onBytes = (count: number) => {
      position.bytes += count;
      return pace.after(count, signal);
    };
    const stored = await hashStored(blobs, digest, { onBytes, signal });
    signal.throwIfAborted();
    const version = lying?.version ?? "";
    if (stored.digest === digest) return { version, reason: undefined };
    const reason = stored.problem ?? `its ${stored.size} bytes have digest ${stored.digest}`;
    return { version, reason, refused: stored.refused === true };
  }

  /** The caller has the digest alone. */
  async #treat(digest: Digest, version: string): Promise<Treatment | "sound" | "changed"> {
    const { metadata, blobs } = this.#context;
    const record = await metadata.get(blobKey(digest));
    if (record === undefined || record.damageTime !== undefined) return "sound"; // collected, or known
    if (((await blobs.inspect(digest))?.version ?? "") !== version) return "changed";
    if (this.#context.options.readOnly)
      return { repaired: false, repositories: await repositoriesUsing(metadata, digest) };
    return treatDamaged(this.#context, digest);
  }

  async #keep(
    { after, blobs, bytes, damaged }: Position,
    times: Pick<ScrubRecord, "startTime" | "endTime">,
  ): Promise<void> {
    if (this.#context.options.readOnly) return;
    const record = { ...times, ...(after !== undefined && { after }), blobs, bytes, damaged };
    await this.#context.metadata.commit({ changes: [put(scrubKey, record)] });
  }
}

const NOTHING_YET = { blobs: 0, bytes: 0, damaged: 0 };

function progressOf({ blobs, bytes, damaged }: Position): ScrubProgress {
  return { kind: "progress", phase: "scrub", done: blobs, bytes, damaged };
}

/** Tells how it goes while one blob, which may be large, is being read. */
async function* tellMeanwhile(
  reading: Promise<unknown>,
  position: Position,
): AsyncGenerator<ScrubProgress, void, undefined> {
  const timer = new AbortController();
  const settled = reading.then(
    () => true,
    () => true, // thrown where it is awaited
  );
  try {
    for (;;) {
      const tick = sleep(TELL_MS, false, { signal: timer.signal, ref: false }).catch(() => false);
      if (await Promise.race([settled, tick])) return;
      yield progressOf(position);
    }
  } finally {
    timer.abort();
  }
}
