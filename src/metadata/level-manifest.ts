// What LevelDB's MANIFEST says of the files that make up a database: which tables,
// of what size, and from which log on there may be writes that are in no table yet.
import { readLog } from "./level-log.ts";

export interface LevelFiles {
  /** Number and size in bytes of each table. */
  readonly tables: ReadonlyMap<number, number>;
  /** 0: there is none yet. */
  readonly log: number;
}

/** Reads the MANIFEST's bytes; throws Error when they make no sense. */
export function readLevelManifest(bytes: Buffer): LevelFiles {
  const { records, damagedAt } = readLog(bytes, { keep: true });
  if (damagedAt !== undefined) throw new Error(`it is damaged at byte ${damagedAt}`);
  if (records.length === 0) throw new Error("there is nothing in it");
  const state = { tables: new Map<number, number>(), log: 0 };
  for (const record of records) apply(state, new Fields(record));
  return state;
}

/** The tags of LevelDB's version edits (db/version_edit.cc). */
const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

function apply(state: { readonly tables: Map<number, number>; log: number }, fields: Fields): void {
  const added = new Map<number, number>();
  while (fields.hasMore) {
    const tag = fields.number();
    switch (tag) {
      case TAG.comparator:
        fields.skipText();
        break;
      case TAG.logNumber:
        state.log = fields.number();
        break;
      case TAG.nextFile:
      case TAG.lastSequence:
      case TAG.previousLog:
        fields.number();
        break;
      case TAG.compactPointer:
        fields.number();
        fields.skipText();
        break;
      case TAG.deletedFile:
        fields.number();
        state.tables.delete(fields.number());
        break;
      case TAG.newFile: {
        fields.number();
        const file = fields.number();
        added.set(file, fields.number());
        fields.skipText();
        fields.skipText();
        break;
      }
      default:
        throw new Error(`it has a field ${tag} that is not known`);
    }
  }
  // A table that only moves to another level is deleted and added by one edit.
  for (const [file, size] of added) state.tables.set(file, size);
}

class Fields {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#offset < this.#bytes.length;
  }

  /** Seven bits a byte, the lowest first; not with shifts, which end at 32 bits. */
  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new Error("it ends in the middle of a record");
      value += (byte & 0x7f) * factor;
      if (byte < 128) return value;
    }
  }

  skipText(): void {
    const length = this.number();
    this.#offset += length;
  }
}
