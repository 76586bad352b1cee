// The media types this registry knows by name. image-spec, Media types;
// docker image manifest v2 schema 2.

export const OCI_IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_IMAGE_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** What every blob is, whatever a manifest calls it. */
export const OCTET_STREAM = "application/octet-stream";

const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/;
const NON_DISTRIBUTABLE =
  /^application\/vnd\.(oci\.image\.layer\.nondistributable\.v1\.tar|docker\.image\.rootfs\.foreign\.diff\.tar)/;

/** True for Docker's signed manifests of 2014, which this registry refuses by name. */
export function isSchema1(mediaType: string): boolean {
  return SCHEMA_1.test(mediaType);
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
