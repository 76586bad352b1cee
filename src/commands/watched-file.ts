// A small file that may be replaced while the program runs: a token, a certificate.
import { readFileSync, statSync } from "node:fs";

export interface WatchedFileOptions {
  readonly path: string;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told once when the file cannot be read any more; what was read last goes on being used. */
  readonly onUnreadable: (error: unknown) => void;
}

/** How long a file is taken for unchanged without looking, in milliseconds. */
const LOOK_EVERY_MS = 1000;

export class WatchedFile {
  readonly #options: WatchedFileOptions;
  #text: string;
  #version: string;
  #lookAgainAt: number;
  #isReadable = true;

  /** Reads the file. Throws what the system says. */
  constructor(options: WatchedFileOptions) {
    this.#options = options;
    this.#version = versionOf(options.path);
    this.#text = readFileSync(options.path, "utf8");
    this.#lookAgainAt = options.now() + LOOK_EVERY_MS;
  }

  /** What the file holds, not much older than a second. */
  get text(): string {
    const now = this.#options.now();
    if (now < this.#lookAgainAt) return this.#text;
    this.#lookAgainAt = now + LOOK_EVERY_MS;
    try {
      this.#look();
      this.#isReadable = true;
    } catch (error) {
      if (this.#isReadable) this.#options.onUnreadable(error);
      this.#isReadable = false;
    }
    return this.#text;
  }

  #look(): void {
    const version = versionOf(this.#options.path);
    if (version === this.#version) return;
    this.#text = readFileSync(this.#options.path, "utf8");
    this.#version = version;
  }
}

/** Changes with the file's content, or when it is replaced. */
function versionOf(path: string): string {
  const { mtimeNs, ino, size } = statSync(path, { bigint: true });
  return `${mtimeNs} ${ino} ${size}`;
}
