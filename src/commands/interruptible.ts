// Runs long offline work until it has ended, or somebody ends it: the first signal
// asks, the second one does not.
import { StatusLine } from "./status-line.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Calls `tell` for each item, with a line on the terminal for what changes all the time. `interrupted` says what was left then. */
export async function runInterruptible<Item>(
  world: World,
  begin: (signal: AbortSignal) => AsyncIterable<Item>,
  tell: (item: Item, status: StatusLine) => Promise<void>,
  interrupted: string,
): Promise<void> {
  const stop = new AbortController();
  const endListening = world.onStopSignal(() => {
    if (stop.signal.aborted) world.exit(EXIT.failure);
    stop.abort();
  });
  const status = new StatusLine(world.err);
  try {
    for await (const item of begin(stop.signal)) await tell(item, status);
  } catch (error) {
    throw stop.signal.aborted ? new CommandFailure(`interrupted; ${interrupted}`, { cause: error }) : error;
  } finally {
    await status.clear();
    endListening();
  }
}
