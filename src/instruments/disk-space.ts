// How full the file system of the data is. However many ask, the system is asked once
// at a time and once a second: each question to a disk that hangs would hold a thread.
import { statfs } from "node:fs/promises";

export interface DiskFigures {
  /** For processes without privileges, as df shows it. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
  /** Absent: the file system has no limit of files. */
  readonly freeFiles?: number;
}

export interface DiskSpaceOptions {
  readonly ask: () => Promise<DiskFigures>;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** How long an answer stands, in milliseconds. */
const FRESH_MS = 1000;

export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #answer: Promise<DiskFigures> | undefined;
  /** Undefined: it has not come yet. */
  #answerTime: number | undefined;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Of the last second, or of the question that nobody has answered yet. */
  read(): Promise<DiskFigures> {
    if (this.#answer !== undefined && !this.#isOld()) return this.#answer;
    const answer = this.#options.ask();
    const came = () => {
      this.#answerTime = this.#options.now();
    };
    this.#answer = answer;
    this.#answerTime = undefined;
    answer.then(came, came);
    return answer;
  }

  #isOld(): boolean {
    return this.#answerTime !== undefined && this.#options.now() - this.#answerTime >= FRESH_MS;
  }
}

/** Asks about the file system that the folder lies on. */
export async function readDisk(folder: string): Promise<DiskFigures> {
  const { bavail, blocks, bsize, ffree, files } = await statfs(folder);
  return {
    freeBytes: bavail * bsize,
    sizeBytes: blocks * bsize,
    ...(files > 0 && { freeFiles: ffree }),
  };
}
