// Reads a blob message by message. The generated client would do the same, in
// several layers of generators that cost more than sending a small blob.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions, Transport } from "@connectrpc/connect";
import {
  BlobService,
  type ReadBlobRequestSchema,
  type ReadBlobResponse,
} from "../src/gen/stowage/v1/blob_service_pb.ts";
import type { Descriptor } from "../src/gen/stowage/v1/descriptor_pb.ts";

type Request = MessageInitShape<typeof ReadBlobRequestSchema>;

/** Opens a blob. The call's signal ends it. */
export type ReadBlob = (request: Request, call: CallOptions) => Promise<BlobReader>;

export function blobReaderOf(transport: Transport): ReadBlob {
  const method = BlobService.method.readBlob;
  return async (request, { signal, timeoutMs, headers, contextValues }) => {
    const input = only(request);
    const { message } = await transport.stream(method, signal, timeoutMs, headers, input, contextValues);
    return new BlobReader(message[Symbol.asyncIterator]());
  };
}

/** One ReadBlob call: the descriptor first, then chunks. */
export class BlobReader {
  readonly #messages: AsyncIterator<ReadBlobResponse>;

  constructor(messages: AsyncIterator<ReadBlobResponse>) {
    this.#messages = messages;
  }

  async descriptor(): Promise<Descriptor> {
    const { value } = await this.#messages.next();
    if (value?.part.case === "descriptor") return value.part.value;
    throw new Error("ReadBlob did not begin with a descriptor");
  }

  /** The next chunk, valid until the one after it is asked for; undefined at the end. */
  async chunk(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#messages.next();
    if (done) return undefined;
    if (value.part.case === "chunk") return value.part.value;
    throw new Error("ReadBlob went on with something that is not a chunk");
  }
}

async function* only<T>(message: T): AsyncGenerator<T> {
  yield message;
}
