// Writes the whole catalogue as it is at one event, while it goes on changing. What
// comes out is snapshot-format.ts; restore.ts reads it.
import { createHash } from "node:crypto";
import type { MetadataSnapshot, MetadataStore, RawRow } from "../../metadata/metadata-store.ts";
import { encodeBlock, FILE_VERSION, MAGIC, type SnapshotHeader } from "./snapshot-format.ts";

export interface SnapshotOptions {
  /** Ends it; what was written by then is refused by whoever reads it. */
  readonly signal?: AbortSignal;
  /** False: without keys that sign tokens, access tokens and refresh tokens. */
  readonly withSecrets: boolean;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Of the registry. */
  readonly version: string;
}

/** What it is, then the bytes of the file, which begin with the same. */
export type SnapshotPart =
  | {
      readonly kind: "header";
      readonly createTime: number;
      readonly sequence: number;
      readonly format: string;
      readonly withSecrets: boolean;
    }
  | {
      readonly kind: "chunk";
      readonly bytes: Uint8Array;
      /** How many rows were written by now. */
      readonly rows: number;
    };

/** How much is read at once. */
const BLOCK = { limit: 10_000, maxBytes: 1024 * 1024 };

/** See keys.ts. */
const SECRETS = ["y/", "a/", "i/", "o/", "v/", "j/", "n/access-tokens/"];

const FORMAT_KEY = "x/format";

/** Throws UNAVAILABLE when the catalogue is closed meanwhile, or was reopened after a failure. */
export async function* takeSnapshot(
  metadata: MetadataStore,
  options: SnapshotOptions,
): AsyncGenerator<SnapshotPart, void, undefined> {
  await using snapshot = await metadata.snapshot();
  const header = await headerOf(snapshot, options);
  const { time: createTime, lastSequence: sequence, catalogueFormat: format, withSecrets } = header;
  yield { kind: "header", createTime, sequence, format, withSecrets };
  const hash = createHash("sha256");
  let rows = 0;
  for await (const piece of pieces(snapshot, header, options)) {
    options.signal?.throwIfAborted();
    hash.update(piece.bytes);
    rows += piece.rows;
    yield { kind: "chunk", bytes: piece.bytes, rows };
  }
  yield { kind: "chunk", bytes: lineOf({ rows, sha256: hash.digest("hex") }), rows };
}

export const Snapshot = { take: takeSnapshot } as const;

interface Piece {
  readonly bytes: Buffer;
  readonly rows: number;
}

/** All before the trailer. */
async function* pieces(
  snapshot: MetadataSnapshot,
  header: SnapshotHeader,
  options: SnapshotOptions,
): AsyncGenerator<Piece, void, undefined> {
  yield { bytes: lineOf(header), rows: 0 };
  let after: string | undefined;
  for (;;) {
    const found = await snapshot.rows({ ...BLOCK, ...(after !== undefined && { after }) });
    after = found.at(-1)?.key;
    if (after === undefined) break;
    const kept = options.withSecrets ? found : found.filter((row) => !isSecret(row));
    if (kept.length > 0) yield { bytes: await encodeBlock(kept), rows: kept.length };
  }
  yield { bytes: Buffer.alloc(4), rows: 0 };
}

async function headerOf(
  snapshot: MetadataSnapshot,
  { withSecrets, now, version }: SnapshotOptions,
): Promise<SnapshotHeader> {
  const [format] = await snapshot.rows({ after: FORMAT_KEY.slice(0, -1), limit: 1 });
  return {
    magic: MAGIC,
    version: FILE_VERSION,
    time: now(),
    lastSequence: snapshot.lastSequence,
    catalogueFormat: format?.key === FORMAT_KEY ? Buffer.from(format.value).toString() : "",
    stowage: version,
    withSecrets,
  };
}

function lineOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function isSecret({ key }: RawRow): boolean {
  return SECRETS.some((prefix) => key.startsWith(prefix));
}
