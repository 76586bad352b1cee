// The tree of distribution's filesystem driver, and the only place that makes a path
// in it (its registry/storage/paths.go).
//
//   docker/registry/v2/
//     blobs/<algorithm>/<first 2 hex>/<hex>/data                the bytes of a blob or manifest
//     repositories/<name>/
//       _layers/<algorithm>/<hex>/link                          the repository sees the blob
//       _manifests/revisions/<algorithm>/<hex>/link             the repository holds the manifest
//       _manifests/revisions/<algorithm>/<hex>/signatures/<algorithm>/<hex>/link
//                                                               a signature of a schema 1 manifest, a blob
//       _manifests/tags/<tag>/current/link                      what the tag points to
//       _manifests/tags/<tag>/index/<algorithm>/<hex>/link      what it ever pointed to
//       _uploads/<id>/                                          an open upload
//
// A link is a file that holds a digest. What is deleted loses its link; the directory
// stays. Version 2.1.0 wrote the links of manifests among those of blobs, by mistake.
import { join } from "node:path";
import { type Digest, digestAlgorithm, digestHex } from "../../oci/digest.ts";

/** Where the tree begins below the directory that distribution is configured with. */
export const TREE = join("docker", "registry", "v2");

/** The directories below a repository that are not repositories themselves. */
export const LAYERS = "_layers";
export const MANIFESTS = "_manifests";
export const UPLOADS = "_uploads";

export const repositoriesOf = (root: string): string => join(root, "repositories");

export const blobData = (root: string, digest: Digest): string =>
  join(root, "blobs", digestAlgorithm(digest), digestHex(digest).slice(0, 2), digestHex(digest), "data");

/** The digests below these two are directories: "<algorithm>/<hex>". */
export const layersOf = (repository: string): string => join(repository, LAYERS);
export const revisionsOf = (repository: string): string => join(repository, MANIFESTS, "revisions");

export const signaturesOf = (repository: string, manifest: Digest): string =>
  join(entryOf(revisionsOf(repository), manifest), "signatures");

export const tagsOf = (repository: string): string => join(repository, MANIFESTS, "tags");
export const currentLink = (repository: string, tag: string): string =>
  join(tagsOf(repository), tag, "current", "link");
export const tagIndexOf = (repository: string, tag: string): string => join(tagsOf(repository), tag, "index");

export const uploadsOf = (repository: string): string => join(repository, UPLOADS);

/** The link of a digest below a directory of digests. */
export const linkOf = (directory: string, digest: Digest): string => join(entryOf(directory, digest), "link");

const entryOf = (directory: string, digest: Digest): string =>
  join(directory, digestAlgorithm(digest), digestHex(digest));
