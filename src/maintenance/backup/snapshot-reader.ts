// Reads a snapshot and believes nothing before its end: only when all rows were
// given out without an error is it whole.
import type { RawRow } from "../../metadata/metadata-store.ts";
import { ByteReader, EndedEarly } from "../byte-reader.ts";
import {
  decodeBlock,
  FILE_VERSION,
  MAGIC,
  MAX_BLOCK,
  MAX_LINE,
  type SnapshotHeader,
  type SnapshotTrailer,
} from "./snapshot-format.ts";

/** A file that is no snapshot, or not a whole one. */
export class SnapshotRefused extends Error {
  override readonly name = "SnapshotRefused";

  constructor(reason: string, options?: ErrorOptions) {
    super(`the snapshot cannot be used: ${reason}`, options);
  }
}

export class SnapshotReader {
  readonly header: SnapshotHeader;
  readonly #bytes: ByteReader;

  private constructor(header: SnapshotHeader, bytes: ByteReader) {
    this.header = header;
    this.#bytes = bytes;
  }

  /** Throws SnapshotRefused. */
  static async open(source: AsyncIterable<Uint8Array>): Promise<SnapshotReader> {
    const bytes = new ByteReader(source);
    try {
      return new SnapshotReader(await whole(bytes, () => readHeader(bytes)), bytes);
    } catch (error) {
      await bytes.close();
      throw error;
    }
  }

  /** How far it was read, in bytes. */
  get offset(): number {
    return this.#bytes.offset;
  }

  /** All rows, block by block; none of them counts before the last is followed by the end. Throws SnapshotRefused. */
  async *rows(): AsyncGenerator<readonly RawRow[], void, undefined> {
    let rows = 0;
    try {
      for (;;) {
        const block = await whole(this.#bytes, () => readBlock(this.#bytes));
        if (block === undefined) break;
        rows += block.length;
        yield block;
      }
      await whole(this.#bytes, () => checkTrailer(this.#bytes, rows));
    } finally {
      await this.#bytes.close();
    }
  }
}

async function whole<T>(bytes: ByteReader, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof EndedEarly)) throw cause;
    throw new SnapshotRefused(
      bytes.offset === 0
        ? "it is empty, or not a snapshot of Stowage"
        : `it was not written to its end: ${cause.message}`,
      { cause },
    );
  }
}

async function readHeader(bytes: ByteReader): Promise<SnapshotHeader> {
  const value = parse(await bytes.line(MAX_LINE));
  if (value?.magic !== MAGIC) throw new SnapshotRefused("it is not a snapshot of Stowage");
  if (value.version !== FILE_VERSION) {
    const reason = `it has version ${String(value.version)}; this version of Stowage reads version ${FILE_VERSION}`;
    throw new SnapshotRefused(reason);
  }
  const { time, lastSequence, catalogueFormat, stowage, withSecrets } = value;
  if (
    typeof time !== "number" ||
    typeof lastSequence !== "number" ||
    typeof catalogueFormat !== "string" ||
    typeof stowage !== "string" ||
    typeof withSecrets !== "boolean"
  )
    throw new SnapshotRefused("its header is damaged");
  return { magic: MAGIC, version: FILE_VERSION, time, lastSequence, catalogueFormat, stowage, withSecrets };
}

/** Undefined: the trailer comes. */
async function readBlock(bytes: ByteReader): Promise<readonly RawRow[] | undefined> {
  const at = bytes.offset;
  const length = (await bytes.take(4)).readUInt32BE();
  if (length === 0) return undefined;
  if (length > MAX_BLOCK) throw new SnapshotRefused(`it is damaged at byte ${at}`);
  const packed = await bytes.take(length);
  try {
    return await decodeBlock(packed);
  } catch (cause) {
    throw new SnapshotRefused(`it is damaged between byte ${at} and ${bytes.offset}`, { cause });
  }
}

async function checkTrailer(bytes: ByteReader, rows: number): Promise<void> {
  const digest = bytes.digest();
  const trailer: Partial<SnapshotTrailer> | undefined = parse(await bytes.line(MAX_LINE));
  if (trailer?.sha256 !== digest || trailer.rows !== rows)
    throw new SnapshotRefused("it is damaged: its bytes are not those that were written");
  if (!(await bytes.isAtEnd())) throw new SnapshotRefused("it goes on behind its end");
}

function parse(line: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line ?? "");
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
