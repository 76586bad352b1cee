// What the direct transport promises beyond parity with the wire: references instead
// of copies, and the options of a router.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { ManifestService, PutManifestRequestSchema } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";

const CHUNK = Buffer.from("bytes");

test("messages and bytes are the caller's own, not copies", async () => {
  const received: unknown[] = [];
  const transport = createDirectTransport((router) => {
    router.service(ManifestService, {
      putManifest(request) {
        received.push(request, request.content);
        return {};
      },
    });
  });
  const request = create(PutManifestRequestSchema, { content: CHUNK });
  await createClient(ManifestService, transport).putManifest(request);
  assert.equal(received[0], request);
  assert.equal(received[1], CHUNK);
});

test("streamed bytes are the handler's own in one direction and the caller's in the other", async () => {
  const received: unknown[] = [];
  const transport = createDirectTransport((router) => {
    router.service(BlobService, {
      async *readBlob() {
        yield { part: { case: "chunk", value: CHUNK } };
      },
    });
    router.service(UploadService, {
      async writeUpload(requests) {
        for await (const { part } of requests) received.push(part.value);
        return {};
      },
    });
  });
  for await (const { part } of createClient(BlobService, transport).readBlob({})) received.push(part.value);
  await createClient(UploadService, transport).writeUpload(
    (async function* () {
      yield { part: { case: "chunk", value: CHUNK } } as const;
    })(),
  );
  assert.equal(received[0], CHUNK);
  assert.equal(received[1], CHUNK);
});

test("a handler that leaves its loop early stops the sender and may still answer", async () => {
  let isStopped = false;
  const transport = createDirectTransport((router) => {
    router.service(UploadService, {
      async writeUpload(requests) {
        for await (const _request of requests) break;
        return { upload: { uploadId: "enough" } };
      },
    });
  });
  const answer = await createClient(UploadService, transport).writeUpload(
    (async function* () {
      try {
        for (;;) yield { part: { case: "chunk", value: CHUNK } } as const;
      } finally {
        isStopped = true;
      }
    })(),
  );
  assert.equal(answer.upload?.uploadId, "enough");
  assert.equal(isStopped, true);
});

test("context values reach the handler", async () => {
  const key = createContextKey("nobody");
  let seen = "";
  const transport = createDirectTransport((router) => {
    router.service(BlobService, {
      statBlob(_request, { values }) {
        seen = values.get(key);
        return {};
      },
    });
  });
  const contextValues = createContextValues().set(key, "somebody");
  await createClient(BlobService, transport).statBlob({}, { contextValues });
  assert.equal(seen, "somebody");
});

test("interceptors of a service replace those of the router, the first one outermost", async () => {
  const order: string[] = [];
  const note =
    (name: string): Interceptor =>
    (next) =>
    (request) => {
      order.push(name);
      return next(request);
    };
  const routes: Parameters<typeof createDirectTransport>[0] = (router) => {
    router.service(BlobService, { statBlob: () => ({}) });
    router.service(
      ManifestService,
      { getManifest: () => ({}) },
      { interceptors: [note("own"), note("inner")] },
    );
  };
  const transport = createDirectTransport(routes, { interceptors: [note("base")] });
  await createClient(BlobService, transport).statBlob({});
  await createClient(ManifestService, transport).getManifest({});
  assert.deepEqual(order, ["base", "own", "inner"]);
});

test("an interceptor may replace a request's headers, and a stream's messages", async () => {
  const interceptor: Interceptor = (next) => async (request) => {
    const header = new Headers({ "x-user": "somebody" });
    const response = await next({ ...request, header });
    if (!response.stream) return response;
    return { ...response, message: withoutFirst(response.message) };
  };
  const transport = createDirectTransport(
    (router) => {
      router.service(BlobService, {
        statBlob: (_request, { requestHeader }) => ({
          descriptor: { mediaType: requestHeader.get("x-user") ?? "" },
        }),
        async *readBlob() {
          yield { part: { case: "descriptor", value: {} } };
          yield { part: { case: "chunk", value: CHUNK } };
        },
      });
    },
    { interceptors: [interceptor] },
  );
  const client = createClient(BlobService, transport);
  assert.equal((await client.statBlob({})).descriptor?.mediaType, "somebody");
  const parts: unknown[] = [];
  for await (const { part } of client.readBlob({})) parts.push(part.case);
  assert.deepEqual(parts, ["chunk"]);
});

test("a request gate refuses a call before its handler runs", async () => {
  const transport = createDirectTransport(
    (router) => router.service(BlobService, { statBlob: () => assert.fail("the handler ran") }),
    {
      requestGate() {
        throw new ConnectError("who are you?", Code.Unauthenticated);
      },
    },
  );
  await assert.rejects(createClient(BlobService, transport).statBlob({}), /unauthenticated/);
});

test("the shutdown signal reaches a handler with its reason and leaves the ending to it", async () => {
  const shutdown = new AbortController();
  const running = Promise.withResolvers<void>();
  const transport = createDirectTransport(
    (router) => {
      router.service(BlobService, {
        async statBlob(_request, { signal }) {
          running.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return { descriptor: { mediaType: ConnectError.from(signal.reason).rawMessage } };
        },
      });
    },
    { shutdownSignal: shutdown.signal },
  );
  const call = createClient(BlobService, transport).statBlob({});
  await running.promise;
  shutdown.abort(new ConnectError("going", Code.Unavailable));
  assert.equal((await call).descriptor?.mediaType, "going");
});

test("the default deadline holds for calls that name none, and zero switches it off", async () => {
  const remaining: unknown[] = [];
  const note = (context: HandlerContext) => {
    remaining.push(typeof context.timeoutMs());
    return {};
  };
  const transport = createDirectTransport(
    (router) => router.service(BlobService, { statBlob: (_request, context) => note(context) }),
    { defaultTimeoutMs: 10_000 },
  );
  await createClient(BlobService, transport).statBlob({});
  await createClient(BlobService, transport).statBlob({}, { timeoutMs: 0 });
  assert.deepEqual(remaining, ["number", "undefined"]);
});

test("the cause of an internal error is kept for logs", async () => {
  const cause = new Error("the disk is gone");
  const transport = createDirectTransport((router) => {
    router.service(BlobService, {
      statBlob() {
        throw cause;
      },
    });
  });
  const error = await createClient(BlobService, transport)
    .statBlob({})
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof ConnectError);
  assert.equal(error.cause, cause);
});

async function* withoutFirst<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  let isFirst = true;
  for await (const message of messages) {
    if (!isFirst) yield message;
    isFirst = false;
  }
}
