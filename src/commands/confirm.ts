// Asking before something goes that somebody may miss.
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Where nobody can be asked, --yes must say it. Throws CommandFailure. */
export function requireTerminalOr(
  world: World,
  options: { readonly yes?: boolean; readonly json?: boolean },
): void {
  if (options.yes === true || (canAsk(world) && options.json !== true)) return;
  throw new CommandFailure("nobody can be asked here whether this is meant; add --yes", {
    exitCode: EXIT.usage,
  });
}

/** Throws CommandFailure unless the answer is yes. */
export async function confirm({ input }: World, question: string): Promise<void> {
  const answer = await input.ask(`${question} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) throw new CommandFailure("nothing was done");
}

function canAsk({ input, err }: World): boolean {
  return input.isTerminal && err.isTerminal;
}
