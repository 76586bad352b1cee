// What a command sees of the world: everything that main.ts takes from
// process, and nothing else.
import { readFileSync } from "node:fs";
import type { Environment } from "../config/environment.ts";

export interface Output {
  /** Resolves when the text was taken. */
  readonly write: (text: string) => Promise<void>;
  /** True: a person sees it come. */
  readonly isTerminal: boolean;
  /** True: it takes colours and weights. */
  readonly hasColors: boolean;
  /** How many characters fit in a line of the terminal. Absent: any number. */
  readonly columns?: number;
}

export interface Input {
  /** True: a person types it. */
  readonly isTerminal: boolean;
  /** All of it, as text. */
  readonly readAll: () => Promise<string>;
  /** Asks the person at the terminal one thing; what they type is shown. Undefined: they gave up. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Asks the person at the terminal one thing after the other; what they type is not shown. Undefined: they gave up. */
  readonly askHidden: (questions: readonly string[]) => Promise<readonly string[] | undefined>;
}

export interface World {
  readonly environment: Environment;
  /** "24.21.0" */
  readonly nodeVersion: string;
  /** "linux x64" */
  readonly platform: string;
  /** The number of this process. */
  readonly pid: number;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  readonly input: Input;
  readonly out: Output;
  readonly err: Output;
  /** Writes to standard output what is no text. */
  readonly writeBytes: (bytes: Uint8Array) => Promise<void>;
  /** Calls the listener for each SIGTERM or SIGINT, which end nothing then. Returns how to stop that. */
  readonly onStopSignal: (listener: () => void) => () => void;
  /** Calls the listener for each signal that programs are asked to read their files again with, or to be debugged: SIGHUP, SIGUSR1, SIGUSR2. They do nothing else then. Returns how to stop that. */
  readonly onStraySignal: (listener: (name: string) => void) => () => void;
  /** Writes to standard error too, but nobody waits for a slow disk. Pieces keep their order when each waits for the one before. Rejects where a text is lost. */
  readonly writeLog: (text: string) => Promise<void>;
  /** Writes to standard error before it returns, as far as that can be: for last words. */
  readonly lastWords: (text: string) => void;
  /** Calls the listener, instead of ending the process, for an error that nobody caught. Returns how to stop that. */
  readonly onCrash: (listener: (error: unknown, origin: string) => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** What a shell sees when a command has ended. refused: the answer is no. */
export const EXIT = { ok: 0, failure: 1, usage: 2, refused: 3 } as const;

/** Ends a command that has said everything, with an exit code of its own. */
export class CommandEnd extends Error {
  override readonly name = "CommandEnd";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`it ends with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** A failure that is explained to the person at the command line, without a stack trace. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.exitCode = options.exitCode ?? EXIT.failure;
  }
}

/** Reads a file that a person named; the error says why it cannot be read, without the system's wording around it. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = errorCode(error);
    throw new Error(REASONS.get(code) ?? code, { cause: error });
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EACCES", "permission denied"],
  ["EISDIR", "it is a directory"],
]);

/** The system's code of an error, "ENOENT", or its message where it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
