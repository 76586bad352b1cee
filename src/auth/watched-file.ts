// A small text file that is read again when it changes: passwords, keys, policies.
// A file that became bad never replaces one that was good, nor does half a file.
// Replacement by rename and the symbolic links of Kubernetes are followed.
import { open, stat } from "node:fs/promises";
import { UnusableFile } from "../config/unusable-file.ts";

/** A fixed message and what it is about; contents of files never. */
export type Report = (message: string, facts: Readonly<Record<string, unknown>>) => void;

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** Throws an Error that says what is wrong, with the place and without the contents. */
  readonly parse: (text: string) => T;
  /** Told once when the file became bad or vanished, and again when it is bad in another way. */
  readonly report: Report;
  /** How often the file is looked at. Absent: once a second. */
  readonly intervalMs?: number;
}

/** No list of users is larger; a device or a log by mistake is. */
const MAX_BYTES = 16 * 1024 * 1024;

const INTERVAL_MS = 1000;

/** What was found at a path: the same as long as the file is. */
type Stamp = string;

export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  readonly #intervalMs: number;
  readonly #listeners = new Set<() => void>();
  #value: T;
  /** Of the last look, and of the last that something was done about. */
  #seen: Stamp;
  #handled: Stamp;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Reads the file for the first time. Throws an Error that names the path and says why when that fails. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    try {
      const { text, stamp } = await read(options.path);
      return new WatchedFile(options, options.parse(text), stamp);
    } catch (error) {
      throw new UnusableFile(`the file "${options.path}" cannot be used: ${reasonOf(error)}`);
    }
  }

  /** Use open. */
  constructor(options: WatchedFileOptions<T>, value: T, stamp: Stamp) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
    this.#value = value;
    this.#seen = stamp;
    this.#handled = stamp;
    this.#lookIn(this.#intervalMs);
  }

  /** What the file said when it was last good. The same object as long as nothing else was read. */
  current(): T {
    return this.#value;
  }

  /** Calls the listener after each change of `current()`. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last value stays. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #lookIn(milliseconds: number): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), milliseconds).unref();
  }

  /** A change counts when it is seen twice: an editor that writes in place has finished then. */
  async #look(): Promise<void> {
    const stamp = await stampAt(this.#options.path);
    const isSettled = stamp === this.#seen;
    this.#seen = stamp;
    if (isSettled && stamp !== this.#handled) await this.#reload(stamp);
    this.#lookIn(isSettled ? this.#intervalMs : this.#intervalMs / 4);
  }

  async #reload(stamp: Stamp): Promise<void> {
    const { path, parse, report } = this.#options;
    try {
      const file = await read(path);
      if (file.stamp !== stamp || this.#isClosed) return; // It changes again; the next look is about that.
      this.#handled = stamp;
      this.#value = parse(file.text);
    } catch (error) {
      this.#handled = stamp;
      if (this.#isClosed) return;
      report("a file cannot be used any more; what it said before stays in force", {
        path,
        reason: reasonOf(error),
      });
      return;
    }
    for (const listener of this.#listeners) listener();
  }
}

async function read(path: string): Promise<{ readonly text: string; readonly stamp: Stamp }> {
  // Not opened without a look: a named pipe would wait for its writer.
  check(await stat(path));
  await using file = await open(path);
  const bytes = await file.readFile();
  const stats = await file.stat({ bigint: true });
  check(stats);
  return { text: decode(bytes), stamp: stampOf(stats) };
}

function check(stats: { isFile(): boolean; readonly size: number | bigint }): void {
  if (!stats.isFile()) throw new Error("it is no regular file");
  if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes; at most ${MAX_BYTES} are allowed`);
}

/** Without a byte order mark. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is no UTF-8 text");
  }
}

async function stampAt(path: string): Promise<Stamp> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch (error) {
    return reasonOf(error);
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: StampStats): Stamp {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

type StampStats = Readonly<Record<"dev" | "ino" | "size" | "mtimeNs" | "ctimeNs", bigint>>;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
