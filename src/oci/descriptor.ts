// A descriptor names content: media type, digest, size. image-spec, Descriptor.
import type { Digest } from "./digest.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}
