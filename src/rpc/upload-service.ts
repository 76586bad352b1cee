// UploadService: protobuf in, core call, protobuf out.
import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Announced, ListedUpload, Upload, Uploads } from "../core/uploads.ts";
import { type Upload as UploadMessage, UploadSchema } from "../gen/stowage/v1/upload_pb.ts";
import type {
  CreateUploadRequest,
  UploadService,
  WriteUploadRequest,
  WriteUploadRequest_Start,
} from "../gen/stowage/v1/upload_service_pb.ts";
import { type DigestAlgorithm, digestAlgorithm, parseDigest, parseDigestAlgorithm } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { byteCount, descriptorMessage, pageToken, parsePage, timeMessage } from "./convert.ts";
import { originOf } from "./origin.ts";

const UPLOAD_PAGE = { fallback: 100, most: 1000 };

export function uploadService(uploads: Uploads): ServiceImpl<typeof UploadService> {
  return {
    async createUpload(request) {
      const name = parseRepositoryName(request.repository);
      const announced = parseAnnounced(request);
      return {
        upload: uploadMessage(await uploads.create(name, parseAlgorithm(request, announced), announced)),
      };
    },

    async getUpload(request) {
      return { upload: uploadMessage(await uploads.get(uploadName(request))) };
    },

    async writeUpload(requests, context) {
      const messages = requests[Symbol.asyncIterator]();
      const start = await readStart(messages);
      const place = {
        ...(start.offset !== undefined && { offset: byteCount(start.offset, "offset", "RANGE_INVALID") }),
        ...(start.size !== undefined && { size: byteCount(start.size, "size", "SIZE_INVALID") }),
      };
      const [name, chunks] = [uploadName(start), readChunks(messages)];
      if (start.commitDigest === undefined)
        return { upload: uploadMessage(await uploads.write(name, place, chunks)) };
      const closing = { digest: parseDigest(start.commitDigest), origin: originOf(context) };
      return { descriptor: descriptorMessage(await uploads.writeAndCommit(name, place, closing, chunks)) };
    },

    async commitUpload(request, context) {
      const digest = parseDigest(request.digest);
      const descriptor = await uploads.commit(uploadName(request), digest, originOf(context));
      return { descriptor: descriptorMessage(descriptor) };
    },

    async cancelUpload(request, context) {
      await uploads.cancel(uploadName(request), originOf(context));
      return {};
    },

    async listUploads(request) {
      const repository =
        request.repository === undefined ? undefined : parseRepositoryName(request.repository);
      const { items, more } = await uploads.list(parsePage(request, UPLOAD_PAGE), repository);
      const last = items.at(-1);
      return {
        uploads: items.map(listedUploadMessage),
        nextPageToken: more && last !== undefined ? pageToken(last.id) : "",
      };
    },
  };
}

function uploadName({ repository, uploadId }: { readonly repository: string; readonly uploadId: string }) {
  return { repository: parseRepositoryName(repository), id: uploadId };
}

function parseAnnounced({ size, digest }: CreateUploadRequest): Announced {
  return {
    ...(size !== undefined && { size: byteCount(size, "size", "SIZE_INVALID") }),
    ...(digest !== undefined && { digest: parseDigest(digest) }),
  };
}

function parseAlgorithm(
  { digestAlgorithm: named }: CreateUploadRequest,
  { digest }: Announced,
): DigestAlgorithm | undefined {
  if (named !== undefined) return parseDigestAlgorithm(named);
  return digest === undefined ? undefined : digestAlgorithm(digest);
}

function uploadMessage(upload: Upload): UploadMessage {
  return create(UploadSchema, {
    repository: upload.repository,
    uploadId: upload.id,
    digestAlgorithm: upload.algorithm,
    offset: BigInt(upload.offset),
    createTime: timeMessage(upload.createTime),
  });
}

function listedUploadMessage(upload: ListedUpload): UploadMessage {
  const message = uploadMessage(upload);
  message.lastActivityTime = timeMessage(upload.lastActivityTime);
  return message;
}

async function readStart(messages: AsyncIterator<WriteUploadRequest>): Promise<WriteUploadRequest_Start> {
  const first = await messages.next();
  if (!first.done && first.value.part.case === "start") return first.value.part.value;
  throw new RegistryError(
    "REQUEST_INVALID",
    {},
    { message: "the first message of WriteUpload must be start" },
  );
}

async function* readChunks(messages: AsyncIterator<WriteUploadRequest>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const message = await messages.next();
    if (message.done) return;
    if (message.value.part.case !== "chunk")
      throw new RegistryError("REQUEST_INVALID", {}, { message: "after start come only chunks" });
    yield message.value.part.value;
  }
}
