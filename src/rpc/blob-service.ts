// BlobService: protobuf in, core call, protobuf out.
import type { ServiceImpl } from "@connectrpc/connect";
import { type Blobs, blobUnknown } from "../core/blobs.ts";
import type { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import { parseDigest } from "../oci/digest.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { byteCount, descriptorMessage } from "./convert.ts";
import { originOf } from "./origin.ts";
import type { Reception } from "./reception.ts";

export function blobService(blobs: Blobs, reception: Reception): ServiceImpl<typeof BlobService> {
  return {
    async statBlob({ repository, digest }) {
      const descriptor = await blobs.stat(parseRepositoryName(repository), parseDigest(digest));
      return { descriptor: descriptorMessage(descriptor) };
    },

    async *readBlob({ repository, digest, offset, limit }, context) {
      const descriptor = await blobs.stat(parseRepositoryName(repository), parseDigest(digest));
      const range = {
        offset: byteCount(offset, "offset", "RANGE_INVALID"),
        ...(limit !== undefined && { limit: byteCount(limit, "limit", "RANGE_INVALID") }),
      };
      const chunks = blobs.read(descriptor, range, context.signal);
      yield { part: { case: "descriptor", value: descriptorMessage(descriptor) } };
      for await (const chunk of chunks) yield { part: { case: "chunk", value: ownBuffer(chunk) } };
    },

    async mountBlob({ repository, digest, fromRepository }, context) {
      const mount = {
        repository: parseRepositoryName(repository),
        digest: parseDigest(digest),
        ...(fromRepository !== undefined && { from: parseRepositoryName(fromRepository) }),
      };
      // From anywhere can only mount who may pull everywhere: a digest is no permission.
      if (mount.from === undefined && !reception.pullsEverywhere(context))
        throw blobUnknown(undefined, mount.digest);
      const descriptor = await blobs.mount(mount, originOf(context));
      return { descriptor: descriptorMessage(descriptor) };
    },

    async deleteBlob({ repository, digest }, context) {
      await blobs.delete(parseRepositoryName(repository), parseDigest(digest), originOf(context));
      return {};
    },
  };
}

/** Protobuf's bytes are typed as backed by an ArrayBuffer, which every chunk of ours is. */
function ownBuffer(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return chunk as Uint8Array<ArrayBuffer>;
}
