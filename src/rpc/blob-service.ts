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
      const name = parseRepositoryName(repository);
      const descriptor = await blobs.stat(name, parseDigest(digest));
      const range = {
        offset: byteCount(offset, "offset", "RANGE_INVALID"),
        ...(limit !== undefined && { limit: byteCount(limit, "limit", "RANGE_INVALID") }),
      };
      // Opened before anything is said of it: behind the descriptor nobody can be told that there are no bytes.
      const { first, rest } = await blobs.open(name, descriptor, range, context.signal);
      try {
        yield { part: { case: "descriptor", value: descriptorMessage(descriptor) } };
        for (let next = first; next.done !== true; next = await rest.next())
          yield { part: { case: "chunk", value: ownBuffer(next.value) } };
      } finally {
        await rest.return?.();
      }
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
