// LevelDB's log form, which its logs and its MANIFEST have: records in blocks of
// 32 KiB, each piece with a checksum. LevelDB itself passes over damaged records of
// a log in silence; we want to know of them before it does.

const BLOCK = 32 * 1024;
/** Checksum (4 bytes), length (2), type (1). */
const HEADER = 7;
const TYPES = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** What a log holds. */
export interface LogContent {
  /** The whole records, in order. Empty unless they were asked for. */
  readonly records: readonly Buffer[];
  /** Where something stands that is no record, with records behind it: what a crash tears is the last one. */
  readonly damagedAt?: number;
}

/** Reads a log's bytes. */
export function readLog(bytes: Buffer, { keep }: { readonly keep: boolean }): LogContent {
  const records: Buffer[] = [];
  const parts: Buffer[] = [];
  let suspicious: number | undefined;
  for (const piece of pieces(bytes)) {
    if (!piece.isGood) {
      suspicious ??= piece.offset;
      parts.length = 0;
      continue;
    }
    const isBeginning = piece.type === TYPES.full || piece.type === TYPES.first;
    // Each record is durable before the next is begun: only of the last one may pieces be missing.
    if (suspicious !== undefined && isBeginning) return { records, damagedAt: suspicious };
    if (!keep || suspicious !== undefined) continue;
    if (isBeginning) parts.length = 0;
    parts.push(piece.payload);
    if (piece.type === TYPES.full || piece.type === TYPES.last) records.push(Buffer.concat(parts.splice(0)));
  }
  return { records };
}

interface Piece {
  readonly offset: number;
  readonly type: number;
  readonly payload: Buffer;
  readonly isGood: boolean;
}

function* pieces(bytes: Buffer): Generator<Piece> {
  for (let offset = 0; offset + HEADER <= bytes.length; ) {
    const blockEnd = offset - (offset % BLOCK) + BLOCK;
    if (blockEnd - offset < HEADER) {
      offset = blockEnd;
      continue;
    }
    const length = bytes.readUInt16LE(offset + 4);
    const type = bytes.readUInt8(offset + 6);
    const end = offset + HEADER + length;
    const payload = bytes.subarray(offset + HEADER, end);
    if (type === 0 && length === 0) {
      offset = blockEnd; // the rest was set aside and never used
    } else if (end > blockEnd || end > bytes.length) {
      yield { offset, type, payload, isGood: false };
      offset = blockEnd;
    } else {
      const stored = bytes.readUInt32LE(offset);
      yield { offset, type, payload, isGood: stored === masked(crc32c(bytes.subarray(offset + 6, end))) };
      offset = end;
    }
  }
}

/** LevelDB stores checksums so, lest one is taken over bytes that hold another. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const CASTAGNOLI = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (RFC 3720, B.4), which node:zlib does not have. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
