// A snapshot's file:
//
//   header    one line of JSON (SnapshotHeader)
//   blocks    length of what follows (4 bytes, big-endian), rows compressed by gzip
//   the end   a length of 0
//   trailer   one line of JSON (SnapshotTrailer): SHA-256 of all bytes before it
//
// A row in a block: length of the key, length of the value (4 bytes each), key, value.
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { RawRow } from "../../metadata/metadata-store.ts";

export const MAGIC = "stowage-snapshot";

/** Of the file. The catalogue's own format is among its rows. */
export const FILE_VERSION = 1;

export interface SnapshotHeader {
  readonly magic: typeof MAGIC;
  readonly version: number;
  /** When it was begun, in milliseconds since 1970. */
  readonly time: number;
  /** The newest event of that moment. */
  readonly lastSequence: number;
  /** The format of the catalogue. */
  readonly catalogueFormat: string;
  /** Of the registry that wrote it. */
  readonly stowage: string;
  /** False: keys that sign tokens, access tokens and refresh tokens are left out. */
  readonly withSecrets: boolean;
}

export interface SnapshotTrailer {
  readonly rows: number;
  /** Hex. */
  readonly sha256: string;
}

/** The longest header or trailer, in bytes. */
export const MAX_LINE = 4096;

/** The largest block, compressed or not, in bytes; far beyond what is written. */
export const MAX_BLOCK = 64 * 1024 * 1024;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A block of the rows; its length stands before it. */
export async function encodeBlock(rows: readonly RawRow[]): Promise<Buffer> {
  const parts = rows.flatMap(({ key, value }) => {
    const name = Buffer.from(key);
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(name.length, 0);
    lengths.writeUInt32BE(value.length, 4);
    return [lengths, name, value];
  });
  const packed = await compress(Buffer.concat(parts), { level: 1 });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(packed.length);
  return Buffer.concat([length, packed]);
}

/** The rows of what followed a length. Throws Error. */
export async function decodeBlock(packed: Buffer): Promise<RawRow[]> {
  const bytes = await decompress(packed, { maxOutputLength: MAX_BLOCK });
  const rows: RawRow[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const key = offset + 8;
    const value = key + bytes.readUInt32BE(offset);
    const end = value + bytes.readUInt32BE(offset + 4);
    if (end > bytes.length) throw new Error("a row ends behind its block");
    rows.push({ key: bytes.toString("utf8", key, value), value: bytes.subarray(value, end) });
    offset = end;
  }
  return rows;
}
