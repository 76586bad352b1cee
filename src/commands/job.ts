// Following a long job of the registry: how far it is on the terminal's status line,
// what it finds or does in lines of their own.
import { StatusLine } from "./status-line.ts";
import type { World } from "./world.ts";

export interface JobReader<Message> {
  /** Undefined: the message is no progress. */
  readonly progress: (message: Message) => string | undefined;
  readonly tell: (message: Message) => Promise<void>;
}

export async function followJob<Message>(
  { err }: Pick<World, "err">,
  messages: AsyncIterable<Message>,
  { progress, tell }: JobReader<Message>,
): Promise<void> {
  const status = new StatusLine(err);
  try {
    for await (const message of messages) {
      const text = progress(message);
      if (text !== undefined) await status.show(text);
      else {
        await status.clear();
        await tell(message);
      }
    }
  } finally {
    await status.clear();
  }
}
