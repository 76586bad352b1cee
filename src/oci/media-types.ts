// The media types this registry knows by name. image-spec, Media types;
// docker image manifest v2 schema 2.

export const OCI_IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_IMAGE_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** Docker's schema 1 with its signatures, as it goes over the wire. */
export const SCHEMA_1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/** The same without signatures. */
export const SCHEMA_1_UNSIGNED = "application/vnd.docker.distribution.manifest.v1+json";
/** What a layer of schema 1 is; it does not say so itself. */
export const SCHEMA_1_LAYER = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/** What every blob is, whatever a manifest calls it. */
export const OCTET_STREAM = "application/octet-stream";

const NON_DISTRIBUTABLE =
  /^application\/vnd\.(oci\.image\.layer\.nondistributable\.v1\.tar|docker\.image\.rootfs\.foreign\.diff\.tar)/;

/** True for manifests that have other manifests as members. */
export function isIndex(mediaType: string): boolean {
  return mediaType === OCI_IMAGE_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** True for Docker's signed manifests of 2014. */
export function isSchema1(mediaType: string): boolean {
  return mediaType === SCHEMA_1_SIGNED || mediaType === SCHEMA_1_UNSIGNED;
}

/** True for layers that stay with their publisher and need not be here. image-spec, Non-distributable layers. */
export function isNonDistributable(mediaType: string): boolean {
  return NON_DISTRIBUTABLE.test(mediaType);
}

/** The media type without parameters and in lower case: `A/B; charset=utf-8` becomes `a/b`. */
export function essence(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
