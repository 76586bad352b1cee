// Services for the transport tests: each repository name asks for one behaviour that
// a transport must carry. What happens on the server's side is kept for the test to see.
import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";

export const CHUNK = Buffer.alloc(64 * 1024, 7);
export const CHUNKS_OF_A_LONG_STREAM = 4096;

/** What the server's side saw. */
export class Observed {
  produced = 0;
  consumed = 0;
  /** Resolves when a handler's cleanup has run. */
  readonly cleanedUp = Promise.withResolvers<void>();
  /** Resolves with the reason when a handler's signal has aborted. */
  readonly aborted = Promise.withResolvers<unknown>();

  watch({ signal }: HandlerContext): void {
    signal.addEventListener("abort", () => this.aborted.resolve(signal.reason));
  }
}

export function notFound(): ConnectError {
  const value = { reason: "MANIFEST_UNKNOWN", domain: "stowage", metadata: { digest: "sha256:ab" } };
  return new ConnectError("manifest unknown", Code.NotFound, { "x-fact": "1" }, [
    { desc: ErrorInfoSchema, value },
  ]);
}

export function parityRoutes(observed: Observed): (router: ConnectRouter) => void {
  return (router) => {
    router.service(ManifestService, {
      async getManifest({ repository }, context) {
        observed.watch(context);
        if (repository === "fails") throw notFound();
        if (repository === "breaks") throw new Error("a secret of the server");
        if (repository === "hangs") await wait(60_000, undefined, { signal: context.signal });
        context.responseHeader.set("x-answer", context.requestHeader.get("x-question") ?? "none");
        context.responseTrailer.set("x-late", "late");
        return { descriptor: { mediaType: "a/b", digest: repository, size: 5_000_000_000n }, content: CHUNK };
      },
    });
    router.service(EventService, {
      async *subscribe({ start }, context) {
        observed.watch(context);
        context.responseHeader.set("x-answer", context.requestHeader.get("x-question") ?? "none");
        const cursor = start.case === "afterCursor" ? start.value : "";
        if (cursor === "fails at once") throw notFound();
        try {
          yield { message: { case: "ready", value: { cursor } } };
          if (cursor === "fails later") throw notFound();
          if (cursor === "breaks later") throw new Error("a secret of the server");
          if (cursor === "hangs") await wait(60_000, undefined, { signal: context.signal });
          yield { message: { case: "keepalive", value: { cursor: "2" } } };
          context.responseTrailer.set("x-late", "late");
        } finally {
          observed.cleanedUp.resolve();
        }
      },
    });
    router.service(BlobService, {
      async *readBlob(_request, context) {
        observed.watch(context);
        try {
          for (; observed.produced < CHUNKS_OF_A_LONG_STREAM; observed.produced += 1) {
            yield { part: { case: "chunk", value: CHUNK } };
          }
        } finally {
          observed.cleanedUp.resolve();
        }
      },
    });
    router.service(UploadService, {
      async writeUpload(requests, context) {
        observed.watch(context);
        try {
          for await (const { part } of requests) {
            observed.consumed += part.case === "chunk" ? part.value.length : 0;
            const uploadId = part.case === "start" ? part.value.uploadId : "";
            if (uploadId === "fails") throw notFound();
            if (uploadId === "hangs") await wait(60_000, undefined, { signal: context.signal });
          }
          return { upload: { offset: BigInt(observed.consumed) } };
        } finally {
          observed.cleanedUp.resolve();
        }
      },
    });
  };
}
