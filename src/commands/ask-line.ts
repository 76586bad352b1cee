// Asking the person at a terminal something that may be seen.
import { createInterface } from "node:readline/promises";

export interface Question {
  readonly terminal: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly question: string;
}

/** What they type. Undefined: Ctrl-C, or nothing comes any more. */
export async function askLine({ terminal, output, question }: Question): Promise<string | undefined> {
  const lines = createInterface({ input: terminal, output });
  const left = Promise.withResolvers<undefined>();
  let isAnswered = false;
  const leave = () => {
    if (!isAnswered) output.write("\n");
    left.resolve(undefined);
  };
  lines.once("SIGINT", () => lines.close()).once("close", leave);
  try {
    const typed = lines.question(question).then((answer) => {
      isAnswered = true;
      return answer;
    });
    return await Promise.race([typed, left.promise]);
  } finally {
    lines.close();
  }
}
