// The keys of what is counted for people: usage by repository, by path, and in all.
// keys.ts draws the whole tree.
import type { RepositoryName } from "../oci/reference.ts";
import { type Key, type Prefix, repositoryPart } from "./keys.ts";
import type { StoredRecord, UsageRecord } from "./usage-record.ts";

/** The longest paths, in components, that are counted together. */
export const MAX_PATH_COMPONENTS = 3;

/** Stands for "/" in keys. */
const SEPARATOR = "\x01";

/** What the repository holds. */
export const usageKey = (repository: RepositoryName): Key<UsageRecord> => ({
  text: `R/${repositoryPart(repository)}`,
});

/** What all repositories hold whose names begin with the path and "/"; "" for all there are. */
export const usageBelowKey = (path: string): Key<UsageRecord> => ({
  text: `A/${path.replaceAll("/", "\x01")}`,
});

/** What the cellar holds. */
export const storedKey: Key<StoredRecord> = { text: "n/stored" };

/** Below it, entries are named like those of `catalog`. */
export const usages: Prefix<UsageRecord> = { text: "R/" };

/** Below it, entries are named by path, "/" written as \x01; the first is "", for all. */
export const usagesBelow: Prefix<UsageRecord> = { text: "A/" };

/** The rows of the repository: its own, then those of the paths above it, the shortest first. For each commit, so without lists in between. */
export function usageKeysOf(repository: RepositoryName): readonly Key<UsageRecord>[] {
  const part = repositoryPart(repository);
  const keys: Key<UsageRecord>[] = [{ text: `R/${part}` }, { text: "A/" }];
  let end = part.indexOf(SEPARATOR);
  for (let components = 1; end >= 0 && components <= MAX_PATH_COMPONENTS; components++) {
    keys.push({ text: `A/${part.slice(0, end)}` });
    end = part.indexOf(SEPARATOR, end + 1);
  }
  return keys;
}
