// What a manifest names: all of it must be in the repository when it is pushed, and
// its event can list it. distribution-spec, Pushing Manifests.
import { linkKey, manifestKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Problem, RegistryError } from "../oci/errors.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";

/** The most blobs and manifests that the event of a push lists; far more than images have. */
const MAX_EVENT_REFERENCES = 500;

/** Every blob and manifest it names must be here; all that are not are named at once. */
export async function demandReferences(
  { options }: CoreContext,
  transaction: Transaction,
  repository: RepositoryName,
  manifest: ParsedManifest,
): Promise<void> {
  const problems: Problem[] = [];
  for (const blob of unique(manifest.blobs)) {
    const link = await transaction.get(linkKey(repository, blob.digest));
    checkReference(problems, repository, blob, link);
  }
  if (!options.sparseIndexes) {
    for (const child of unique(manifest.manifests)) {
      const found =
        (await transaction.get(manifestKey(repository, child.digest))) ??
        (await transaction.get(linkKey(repository, child.digest)));
      checkReference(problems, repository, child, found);
    }
  }
  const [first, ...others] = problems;
  if (first !== undefined) throw RegistryError.of([first, ...others]);
}

/** What it names, as the event of its push has it. */
export function eventReferences({ blobs, manifests }: ParsedManifest) {
  const named = [...blobs, ...manifests];
  return {
    references: named
      .slice(0, MAX_EVENT_REFERENCES)
      .map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    referenceCount: named.length,
  };
}

function checkReference(
  problems: Problem[],
  repository: RepositoryName,
  named: Descriptor,
  found: { readonly size: number } | undefined,
): void {
  const { digest, size } = named;
  if (found === undefined) {
    const message = `${digest} is not in repository "${repository}"`;
    problems.push({ code: "MANIFEST_BLOB_UNKNOWN", message, metadata: { repository, digest } });
  } else if (found.size !== size) {
    const message = `${digest} has ${found.size} bytes, not ${size} as the manifest says`;
    problems.push({ code: "MANIFEST_INVALID", message, metadata: { digest, size: String(found.size) } });
  }
}

function unique(descriptors: readonly Descriptor[]): Iterable<Descriptor> {
  return new Map(
    descriptors.map((descriptor) => [`${descriptor.digest} ${descriptor.size}`, descriptor]),
  ).values();
}
