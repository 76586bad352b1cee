// The key: the command line becomes a command. The only file that touches
// process; commands see it as a World.
import { text } from "node:stream/consumers";
import { askLine } from "./commands/ask-line.ts";
import { hasColors } from "./commands/colors.ts";
import { askHidden } from "./commands/hidden-line.ts";
import { runCommandLine } from "./commands/program.ts";
import { EXIT, type Output, type World } from "./commands/world.ts";

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

function onStopSignal(listener: () => void): () => void {
  process.on("SIGTERM", listener).on("SIGINT", listener);
  return () => void process.off("SIGTERM", listener).off("SIGINT", listener);
}

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
    askHidden: (questions) =>
      askHidden({ terminal: process.stdin, questions, write: output(process.stderr).write }),
  },
  out: output(process.stdout),
  err: output(process.stderr),
  writeBytes: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
  onStopSignal,
  exit: (code) => process.exit(code),
};

// Whoever read the output (head, less) has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.failure);
});

// A log that nobody reads any more ends nothing.
process.stderr.on("error", () => undefined);

process.exitCode = await runCommandLine(world, process.argv.slice(2));
