// Manifests for blobs that need not be an image's.
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";

export const MANIFEST_TYPE = OCI_IMAGE_MANIFEST;

/** What a manifest shall name. */
export interface MadeUpImage {
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
  /** Makes it different from others. */
  readonly note: string;
}

/** The bytes of an image manifest. */
export function imageManifest({ config, layers, note }: MadeUpImage): Buffer {
  const descriptor = (mediaType: string, content: Buffer) => ({
    mediaType,
    digest: digestOf(content),
    size: content.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: layers.map((layer) => descriptor("application/vnd.oci.image.layer.v1.tar", layer)),
    annotations: { note },
  };
  return Buffer.from(JSON.stringify(manifest));
}
