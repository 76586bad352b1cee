// Waits for what must come about soon, without saying how soon.
import { setTimeout as wait } from "node:timers/promises";

const LIMIT = 20_000;

/** Resolves to the first value that is not undefined; throws, with what was seen last, after a generous time. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  describe: () => string = () => "",
): Promise<T> {
  const limit = Date.now() + LIMIT;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`${what} did not come about ${describe()}`);
    await wait(50);
  }
}
