// What a manifest names: all of it must be in the repository when it is pushed, and
// its event can list it. distribution-spec, Pushing Manifests.
import { blobKey, linkKey, manifestKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Problem, RegistryError } from "../oci/errors.ts";
import type { NamedContent, ParsedManifest } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";

/** The most blobs and manifests that the event of a push lists; far more than images have. */
const MAX_EVENT_REFERENCES = 500;

/** Every blob and manifest it names must be here; all that are not are named at once. */
export async function demandReferences(
  { metadata, options }: CoreContext,
  transaction: Transaction,
  repository: RepositoryName,
  manifest: ParsedManifest,
): Promise<void> {
  const problems: Problem[] = [];
  for (const blob of unique(manifest.blobs)) {
    const link = await transaction.get(linkKey(repository, blob.digest));
    const isDamaged = (await metadata.get(blobKey(blob.digest)))?.damageTime !== undefined;
    checkReference(problems, repository, blob, isDamaged ? undefined : link);
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

/** What it names, as the event of its push has it. All of it is there, so that what has no size gets it from the link. */
export async function eventReferences(
  transaction: Transaction,
  repository: RepositoryName,
  { blobs, manifests }: ParsedManifest,
): Promise<{ readonly references: readonly Descriptor[]; readonly referenceCount: number }> {
  const named = [...blobs, ...manifests];
  const references: Descriptor[] = [];
  for (const { mediaType, digest, size } of named.slice(0, MAX_EVENT_REFERENCES)) {
    const known = size ?? (await transaction.get(linkKey(repository, digest)))?.size ?? 0;
    references.push({ mediaType, digest, size: known });
  }
  return { references, referenceCount: named.length };
}

function checkReference(
  problems: Problem[],
  repository: RepositoryName,
  named: NamedContent,
  found: { readonly size: number } | undefined,
): void {
  const { digest, size } = named;
  if (found === undefined) {
    const message = `${digest} is not in repository "${repository}"`;
    problems.push({ code: "MANIFEST_BLOB_UNKNOWN", message, metadata: { repository, digest } });
  } else if (size !== undefined && found.size !== size) {
    const message = `${digest} has ${found.size} bytes, not ${size} as the manifest says`;
    problems.push({ code: "MANIFEST_INVALID", message, metadata: { digest, size: String(found.size) } });
  }
}

function unique(descriptors: readonly NamedContent[]): Iterable<NamedContent> {
  return new Map(
    descriptors.map((descriptor) => [`${descriptor.digest} ${descriptor.size}`, descriptor]),
  ).values();
}
