// The options of lists that can be in several orders, and reading such a list.
import { type Command, Option } from "commander";
import { PAGE_SIZE } from "./pages.ts";
import { collect } from "./remote-options.ts";
import { CommandFailure, EXIT } from "./world.ts";

export interface ListOptions {
  readonly match?: readonly string[];
  readonly sort: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** `what` is what it lists, such as "tags"; the first of the orders is by name. */
export function addListOptions(command: Command, what: string, orders: readonly string[]): Command {
  const match = `only ${what} with such a name; "*" and "**" stand for any characters (can be repeated)`;
  return command
    .addOption(new Option("-m, --match <glob>", match).argParser(collect))
    .addOption(
      new Option("--sort <by>", "by what: all but names begin with the largest or latest")
        .choices(orders)
        .default(orders[0]),
    )
    .option("--reverse", "the other way round")
    .addOption(
      new Option("-n, --limit <number>", `at most so many ${what} (default: all)`).argParser(parseLimit),
    );
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  const message = `--limit: "${text}" is no whole number above 0`;
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

/** How a list is asked for, but for what it is of. */
export interface ListQuestion {
  readonly pageSize: number;
  readonly descending: boolean;
}

/** Of a list that is not by name the registry reads all for each page, so pages are large. */
const LARGE_PAGE = 10_000;

export function questionOf({ sort, reverse = false, limit }: ListOptions): ListQuestion {
  const isByName = sort === "name";
  const most = isByName ? PAGE_SIZE : LARGE_PAGE;
  return { pageSize: Math.min(limit ?? most, most), descending: isByName === reverse };
}

/** The first of them; all where there is no limit. */
export async function* firstOf<T>(
  items: AsyncIterable<T>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<T, void, undefined> {
  let count = 0;
  for await (const item of items) {
    yield item;
    if (++count >= limit) return;
  }
}
