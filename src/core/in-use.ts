// Deleting what a manifest needs would break that manifest. It is refused, with the
// manifests by name, unless the operator allows it.
import { holdersIn, namedKey } from "../metadata/keeping-keys.ts";
import { manifestKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import { type Problem, RegistryError } from "../oci/errors.ts";
import type { CoreContext } from "./context.ts";
import type { Place } from "./references.ts";

/** So many manifests are named; who has them deleted is told the next ones. */
const MAX_NAMED = 100;

/** How many holders are read at once. */
const BATCH = 1000;

/** Throws the code, once for each live manifest of the repository that names the digest. */
export async function demandUnneeded(
  context: CoreContext,
  transaction: Transaction,
  place: Place,
  code: "BLOB_IN_USE" | "MANIFEST_IN_USE",
): Promise<void> {
  if (context.options.referencedDeletion === "allow") return;
  // In the attempt: a manifest that is pushed meanwhile makes it start again.
  if ((await transaction.get(namedKey(place.repository, place.digest))) === undefined) return;
  const problems: Problem[] = [];
  for await (const manifest of liveManifestsNaming(context, transaction, place)) {
    problems.push(inUse(code, place, manifest));
    if (problems.length === MAX_NAMED) break;
  }
  const [first, ...others] = problems;
  if (first !== undefined) throw RegistryError.of([first, ...others]);
}

/**
 * The manifests of the repository that name the digest, without those in the trash. That they are there becomes an
 * expectation of the attempt: one that comes back meanwhile makes it start again.
 */
export async function* liveManifestsNaming(
  { metadata }: CoreContext,
  transaction: Transaction,
  { repository, digest }: Place,
): AsyncGenerator<Digest, void, undefined> {
  let after: string | undefined;
  do {
    const entries = await metadata.page(holdersIn(digest, repository), {
      limit: BATCH,
      namesOnly: true,
      ...(after !== undefined && { after }),
    });
    for (const { name } of entries) {
      const manifest = name as Digest; // a digest was written there; empty for the link
      if (manifest === "" || manifest === digest) continue;
      if ((await transaction.get(manifestKey(repository, manifest))) !== undefined) yield manifest;
    }
    after = entries.length < BATCH ? undefined : entries.at(-1)?.name;
  } while (after !== undefined);
}

function inUse(code: Problem["code"], { repository, digest }: Place, manifest: Digest): Problem {
  const message = `${digest} is needed by manifest ${manifest} of repository "${repository}"; delete that first`;
  return { code, message, metadata: { repository, digest, manifest } };
}
