// Repositories come into being with their first blob or manifest, and are in the
// catalog while they hold a manifest.
import { catalog, catalogName, repositoryKey, repositoryOfCatalogName } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";

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
  context.listener.changed(transaction, origin, repository, { kind: "repository_created" });
}

/** Throws NAME_UNKNOWN when nothing was ever pushed to the repository. */
export async function demandRepository(context: CoreContext, repository: RepositoryName): Promise<void> {
  if ((await context.metadata.get(repositoryKey(repository))) !== undefined) return;
  const message = `repository "${repository}" is not known to this registry`;
  throw new RegistryError("NAME_UNKNOWN", { repository }, { message });
}

/** Chooses repositories by name. */
export type RepositoryChoice = (repository: string) => boolean;

/** How many names are looked at at once where not all are chosen. */
const LOOK = 1000;

/** The repositories that hold manifests and are chosen, ordered by path component. */
export async function listRepositories(
  context: CoreContext,
  request: PageRequest,
  choice?: RepositoryChoice,
): Promise<Page<RepositoryName>> {
  return choice === undefined ? listAll(context, request) : listChosen(context, request, choice);
}

/** A page is full or the last one: where it ends, a name is told, and that must not be one of the others. */
async function listChosen(
  { metadata }: CoreContext,
  { after, limit }: PageRequest,
  choice: RepositoryChoice,
): Promise<Page<RepositoryName>> {
  const found: RepositoryName[] = [];
  let place = after === undefined ? undefined : catalogName(after);
  while (found.length <= limit) {
    const start = place === undefined ? {} : { after: place };
    const entries = await metadata.page(catalog, { limit: LOOK, namesOnly: true, ...start });
    found.push(...entries.map(({ name }) => repositoryOfCatalogName(name)).filter(choice));
    place = entries.at(-1)?.name;
    if (entries.length < LOOK) break;
  }
  return pageOf(found, limit, (name) => name);
}

async function listAll(context: CoreContext, request: PageRequest): Promise<Page<RepositoryName>> {
  const after = request.after === undefined ? {} : { after: catalogName(request.after) };
  const entries = await context.metadata.page(catalog, {
    limit: request.limit + 1,
    namesOnly: true,
    ...after,
  });
  return pageOf(entries, request.limit, (entry) => repositoryOfCatalogName(entry.name));
}
