// Repositories come into being with their first blob or manifest, and are in the
// catalog while they hold a manifest.
import { repositoryKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { countUsage, NO_QUOTAS } from "./usage.ts";

/** Makes the repository part of the attempt if it does not exist yet. */
export async function ensureRepository(
  context: CoreContext,
  transaction: Transaction,
  origin: Origin,
  repository: RepositoryName,
): Promise<void> {
  const key = repositoryKey(repository);
  if ((await transaction.get(key)) !== undefined) return;
  transaction.put(key, { createTime: context.now() });
  countUsage(NO_QUOTAS, transaction, repository, { repositories: 1 });
  context.listener.changed(transaction, origin, repository, { kind: "repository_created" });
}

/** Throws NAME_UNKNOWN when nothing was ever pushed to the repository. */
export async function demandRepository(context: CoreContext, repository: RepositoryName): Promise<void> {
  if ((await context.metadata.get(repositoryKey(repository))) !== undefined) return;
  const message = `repository "${repository}" is not known to this registry`;
  throw new RegistryError("NAME_UNKNOWN", { repository }, { message });
}
