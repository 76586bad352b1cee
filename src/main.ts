// The key: the command line becomes a command. The only file that touches
// process; commands see it as a World.
import { fstatSync, write, writeSync } from "node:fs";
import { text } from "node:stream/consumers";
import { askLine } from "./commands/ask-line.ts";
import { hasColors } from "./commands/colors.ts";
import { askHidden } from "./commands/hidden-line.ts";
import { runCommandLine } from "./commands/program.ts";
import { EXIT, type Output, type World } from "./commands/world.ts";
import { wholeWriter } from "./telemetry/whole-writer.ts";

function output(stream: NodeJS.WriteStream): Output {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    hasColors: hasColors(process.env, isTerminal),
    // Some terminals say 0, which means that they do not know.
    ...(isTerminal && stream.columns > 0 && { columns: stream.columns }),
    write: (text) => new Promise((resolve) => stream.write(text, () => resolve())),
  };
}

/** A file is left to a thread: the disk may be slow, and when it is full it is only so for now. */
function logWriter({ fd }: typeof process.stderr, { write: writeStream }: Output): World["writeLog"] {
  if (!isFile(fd)) return writeStream;
  return wholeWriter(
    (bytes) =>
      new Promise((resolve, reject) => {
        write(fd, bytes, (error, taken) => (error === null ? resolve(taken) : reject(error)));
      }),
  );
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false; // It is closed.
  }
}

/** How often a full pipe is asked again, and for how long, in milliseconds. */
const FULL_PIPE = { everyMs: 10, tries: 50 } as const;

function lastWords(text: string): void {
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < FULL_PIPE.tries; tries++) {
    try {
      rest = rest.subarray(writeSync(process.stderr.fd, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE.everyMs);
    }
  }
}

function onCrash(listener: (error: unknown, origin: string) => void): () => void {
  process.on("uncaughtException", listener);
  return () => void process.off("uncaughtException", listener);
}

function onStopSignal(listener: () => void): () => void {
  process.on("SIGTERM", listener).on("SIGINT", listener);
  return () => void process.off("SIGTERM", listener).off("SIGINT", listener);
}

/** Would end the process, or begin debugging (SIGUSR1). */
const STRAY_SIGNALS = ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

function onStraySignal(listener: (name: string) => void): () => void {
  for (const name of STRAY_SIGNALS) process.on(name, listener);
  return () => {
    for (const name of STRAY_SIGNALS) process.off(name, listener);
  };
}

const errors = output(process.stderr);

const world: World = {
  environment: process.env,
  nodeVersion: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  pid: process.pid,
  now: Date.now,
  input: {
    // Not looked at before somebody asks: that opens it.
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    readAll: () => text(process.stdin),
    ask: (question) => askLine({ terminal: process.stdin, output: process.stderr, question }),
    askHidden: (questions) => askHidden({ terminal: process.stdin, questions, write: errors.write }),
  },
  out: output(process.stdout),
  err: errors,
  writeLog: logWriter(process.stderr, errors),
  writeBytes: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
  onStopSignal,
  onStraySignal,
  lastWords,
  onCrash,
  exit: (code) => process.exit(code),
};

// Whoever read the output (head, less) has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failure);
});

// A log that nobody reads any more ends nothing.
process.stderr.on("error", () => undefined);

process.exitCode = await runCommandLine(world, process.argv.slice(2));

// Of the log only: whoever reads anything else was waited for.
const isLogStuck = process.stderr.writableLength > 0;
if (isLogStuck) process.exit();
