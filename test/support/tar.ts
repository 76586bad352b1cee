// Writes tar archives (POSIX ustar) in memory, the same bytes for the same entries. For tests, so that
// image layers are real ones without asking the machine's tar.

/** A file; a directory when `path` ends with "/"; a symbolic link when `linkTarget` is there. */
export interface TarEntry {
  readonly path: string;
  readonly content?: Uint8Array;
  readonly mode?: number;
  readonly linkTarget?: string;
}

const BLOCK = 512;
const NAME_LENGTH = 100;
const MODIFIED = 1_577_836_800; // 2020-01-01, so that archives do not depend on today

/** The archive of these entries, in their order. */
export function tar(entries: Iterable<TarEntry>): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array(0);
    parts.push(header(entry, content.length), content, Buffer.alloc(padding(content.length)));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > NAME_LENGTH) throw new Error(`path is too long for tar: ${entry.path}`);
  const directory = entry.path.endsWith("/");
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path, 0);
  octal(block, 100, 7, entry.mode ?? (directory ? 0o755 : 0o644));
  octal(block, 108, 7, 0); // owner
  octal(block, 116, 7, 0); // group
  octal(block, 124, 11, size);
  octal(block, 136, 11, MODIFIED);
  block.write(entry.linkTarget === undefined ? (directory ? "5" : "0") : "2", 156);
  block.write(entry.linkTarget ?? "", 157);
  block.write("ustar\0" + "00", 257);
  block.fill(" ", 148, 156); // the checksum counts its own field as spaces
  octal(
    block,
    148,
    6,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

function octal(block: Buffer, at: number, digits: number, value: number): void {
  block.write(`${value.toString(8).padStart(digits, "0")}\0`, at);
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
