// What a log is made with.
import type { Scopes } from "./scope.ts";

export interface LogOptions {
  readonly level: "error" | "warn" | "info" | "debug";
  /** Text is coloured on a terminal and "key=value" elsewhere. */
  readonly formatter: "text" | "json" | "logstash";
  /** Added to every line. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Where whole lines go: standard error in the program, a list in a test. */
export interface LogDestination {
  /** True: people read it as it is written. */
  readonly isTerminal: boolean;
  /** A line with the line break at its end. */
  write(line: string): void;
  /** For lines that come in crowds: it may wait a moment for others. Absent: like `write`. */
  writeLater?(line: string): void;
}

/** Hears lines of the levels that it wants, as JSON, whatever the log looks like. */
export interface LogTap {
  readonly wants: (level: LineLevel) => boolean;
  readonly hear: (level: LineLevel, json: string) => void;
}

/** What lines tell besides what they are about. */
export interface LogContext {
  /** Of this process; on every line. Absent: none. */
  readonly instanceId?: string;
  /** Tells which request a line belongs to. Absent: none. */
  readonly scopes?: Scopes;
  /** Absent: nobody else hears. */
  readonly tap?: LogTap;
}

/** panic: a crash. fatal: it cannot start. */
export type LineLevel = "panic" | "fatal" | "error" | "warn" | "info" | "debug";
