// Each repository that anything lies in has a record.
import { trash } from "../../metadata/keeping-keys.ts";
import {
  catalogName,
  links,
  manifests,
  type Prefix,
  repositoryKey,
  repositoryOfCatalogName,
} from "../../metadata/keys.ts";
import { transact } from "../../metadata/transaction.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { isThere, type Reader } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

const CONTENT: readonly Prefix<{ readonly createTime: number } | object>[] = [links, manifests, trash];

export async function* checkRepositories(run: PhaseRun): Steps {
  for (const prefix of CONTENT) {
    for await (const repository of repositoriesBelow(run, prefix)) {
      const isKnown = await isThere(run.snapshot, repositoryKey(repository));
      yield { done: 1, suspicions: isKnown ? [] : [repositoryMissing(run, repository)] };
    }
  }
}

/** Goes from repository to repository, past all that lies in each. */
async function* repositoriesBelow(
  { snapshot, signal }: PhaseRun,
  prefix: Prefix<unknown>,
): AsyncGenerator<RepositoryName, void, undefined> {
  for (let after: string | undefined; ; ) {
    signal?.throwIfAborted();
    const name = await firstName(snapshot, prefix, after);
    if (name === undefined) return;
    const repository = repositoryOfCatalogName(name.slice(0, name.indexOf("\0")));
    yield repository;
    after = `${catalogName(repository)}\0\x7f`; // behind all its entries, whose names are ASCII
  }
}

async function firstName(
  reader: Reader,
  prefix: Prefix<unknown>,
  after: string | undefined,
): Promise<string | undefined> {
  const start = after === undefined ? {} : { after };
  const [entry] = await reader.page(prefix, { limit: 1, namesOnly: true, ...start });
  return entry?.name;
}

function repositoryMissing({ context }: PhaseRun, repository: RepositoryName): Suspicion {
  const { metadata, now } = context;
  const repair = async () => {
    for (const prefix of CONTENT) {
      const within: Prefix<object> = { text: `${prefix.text}${catalogName(repository)}\0` };
      const [entry] = await metadata.page(within, { limit: 1, namesOnly: true });
      if (entry === undefined) continue;
      return transact(metadata, async (transaction) => {
        const cause = await transaction.get<object>({ text: within.text + entry.name });
        const key = repositoryKey(repository);
        if (cause !== undefined && (await transaction.get(key)) === undefined)
          transaction.put(key, { createTime: now() });
        return true;
      });
    }
    return true;
  };
  const detail = "something lies in it, and the catalogue has no record of it";
  return { what: "repository-missing", repository, detail, repair };
}
