// Whether the catalogue's folder is still ours. LevelDB locks the file LOCK in it when
// it opens the folder, and looks no further: it goes on writing when the folder has been
// moved away, or when the file has been replaced, and a second process then opens what
// lies at the old path.
//
// The file is never opened here. Closing it would give up the lock: POSIX drops all of a
// process's locks on a file with the first descriptor of it that is closed.
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";

/** Linux's own: what this process has open. */
const DESCRIPTORS = "/proc/self/fd";
const DETAILS = "/proc/self/fdinfo";

const LOCK_FILE = "LOCK";

interface Identity {
  readonly device: bigint;
  readonly inode: bigint;
}

export class CatalogueLock {
  readonly #path: string;
  /** Of the descriptor that held the lock the last time. */
  #descriptor: string | undefined;
  /** Where the system does not tell what is open: the file as it was at first. */
  #first: Identity | undefined;

  /** Of a catalogue that this process has open. */
  constructor(location: string) {
    this.#path = join(location, LOCK_FILE);
  }

  /** Rejects with an Error for people when another process may have, or may take, what lies in the folder. */
  async check(): Promise<void> {
    const there = await identityOf(this.#path);
    if (there === undefined) throw new Error(`the catalogue's folder has gone: there is no ${this.#path}`);
    const descriptors = await this.#descriptors();
    if (descriptors === undefined) return this.#compareWithFirst(there);
    for (const descriptor of descriptors) {
      if (!isSame(await identityOf(join(DESCRIPTORS, descriptor)), there)) continue;
      if (!(await isLocked(descriptor))) continue;
      this.#descriptor = descriptor;
      return;
    }
    this.#descriptor = undefined;
    throw this.#lost();
  }

  /** Those that may be of the file, the likeliest first. Undefined: the system does not tell. */
  async #descriptors(): Promise<readonly string[] | undefined> {
    const known = this.#descriptor;
    if (known !== undefined && (await isLockFile(known))) return [known];
    const all = await readdir(DESCRIPTORS).catch(() => undefined);
    if (all === undefined) return undefined;
    const found: string[] = [];
    for (const descriptor of all) if (await isLockFile(descriptor)) found.push(descriptor);
    return found;
  }

  #compareWithFirst(there: Identity): void {
    this.#first ??= there;
    if (!isSame(this.#first, there)) throw this.#lost();
  }

  #lost(): Error {
    return new Error(
      `${this.#path} is not locked by this process any more: the file was replaced, and another process may write here`,
    );
  }
}

async function identityOf(path: string): Promise<Identity | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return { device: dev, inode: ino };
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}

function isSame(one: Identity | undefined, other: Identity): boolean {
  return one?.device === other.device && one.inode === other.inode;
}

async function isLockFile(descriptor: string): Promise<boolean> {
  const target = await readlink(join(DESCRIPTORS, descriptor)).catch(() => "");
  return target.endsWith(`/${LOCK_FILE}`);
}

/** proc(5), fdinfo: locks that were taken through the descriptor's file have a line each. */
async function isLocked(descriptor: string): Promise<boolean> {
  const details = await readFile(join(DETAILS, descriptor), "utf8").catch(() => "");
  return /^lock:.*\bWRITE\b/m.test(details);
}
