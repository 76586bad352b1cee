// A caller cannot tell the direct transport from the wire: one suite over the direct
// transport and every protocol of the server.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { startServer } from "../../src/server.ts";
import { CHUNK, CHUNKS_OF_A_LONG_STREAM, Observed, parityRoutes } from "./parity-services.ts";

interface Setup extends AsyncDisposable {
  readonly transport: Transport;
  readonly observed: Observed;
}

type Connect = (baseUrl: string) => { readonly transport: Transport; readonly close: () => void };

function overTheWire(connect: Connect): () => Promise<Setup> {
  return async () => {
    const observed = new Observed();
    const report = (error: unknown) => assert.fail(String(error));
    const server = await startServer({ host: "127.0.0.1", port: 0, routes: parityRoutes(observed), report });
    const { transport, close } = connect(`http://127.0.0.1:${server.address.port}`);
    return {
      transport,
      observed,
      async [Symbol.asyncDispose]() {
        close();
        await server.close({ drainMs: 0 });
      },
    };
  };
}

async function direct(): Promise<Setup> {
  const observed = new Observed();
  const transport = createDirectTransport(parityRoutes(observed));
  return { transport, observed, async [Symbol.asyncDispose]() {} };
}

const nothing = () => undefined;

const TRANSPORTS: Readonly<Record<string, () => Promise<Setup>>> = {
  direct,
  "Connect over HTTP/1.1": overTheWire((baseUrl) => ({
    transport: createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    close: nothing,
  })),
  "gRPC over HTTP/2": overTheWire((baseUrl) => {
    const sessionManager = new Http2SessionManager(baseUrl);
    return {
      transport: createGrpcTransport({ baseUrl, sessionManager }),
      close: () => sessionManager.abort(),
    };
  }),
  "gRPC-Web over HTTP/1.1": overTheWire((baseUrl) => ({
    transport: createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    close: nothing,
  })),
};

for (const [name, open] of Object.entries(TRANSPORTS)) {
  suite(name, { timeout: 20_000 }, () => {
    unaryTests(open);
    serverStreamTests(open);
    clientStreamTests(open);
    backpressureTests(open);
  });
}

function unaryTests(open: () => Promise<Setup>): void {
  test("a unary call carries messages, headers and trailers", async () => {
    await using setup = await open();
    const seen: Record<string, string | null> = {};
    const answer = await createClient(ManifestService, setup.transport).getManifest(
      { repository: "a/b" },
      {
        headers: { "x-question": "why" },
        onHeader: (header) => (seen.header = header.get("x-answer")),
        onTrailer: (trailer) => (seen.trailer = trailer.get("x-late")),
      },
    );
    assert.equal(answer.descriptor?.digest, "a/b");
    assert.equal(answer.descriptor.size, 5_000_000_000n);
    assert.deepEqual(Buffer.from(answer.content), CHUNK);
    assert.deepEqual(seen, { header: "why", trailer: "late" });
  });

  test("a handler's signal aborts when its call is complete", async () => {
    await using setup = await open();
    await createClient(ManifestService, setup.transport).getManifest({ repository: "a" });
    await setup.observed.aborted.promise;
  });

  test("an error arrives with code, message, metadata and details", async () => {
    await using setup = await open();
    const error = await failureOf(
      createClient(ManifestService, setup.transport).getManifest({ repository: "fails" }),
    );
    assertNotFound(error);
  });

  test("an unexpected error becomes internal and tells nothing", async () => {
    await using setup = await open();
    const error = await failureOf(
      createClient(ManifestService, setup.transport).getManifest({ repository: "breaks" }),
    );
    assert.equal(error.code, Code.Internal);
    assert.equal(error.rawMessage, "internal error");
  });

  test("a method that is not implemented is unimplemented", async () => {
    await using setup = await open();
    const error = await failureOf(
      createClient(ManifestService, setup.transport).listTags({ repository: "a" }),
    );
    assert.equal(error.code, Code.Unimplemented);
  });

  test("a deadline ends a unary call and tells the handler", async () => {
    await using setup = await open();
    const client = createClient(ManifestService, setup.transport);
    const error = await failureOf(client.getManifest({ repository: "hangs" }, { timeoutMs: 50 }));
    assert.equal(error.code, Code.DeadlineExceeded);
    await setup.observed.aborted.promise;
  });

  test("a caller that gives up ends a unary call and tells the handler", async () => {
    await using setup = await open();
    const controller = new AbortController();
    const client = createClient(ManifestService, setup.transport);
    const call = failureOf(client.getManifest({ repository: "hangs" }, { signal: controller.signal }));
    await wait(50);
    controller.abort();
    assert.equal((await call).code, Code.Canceled);
    await setup.observed.aborted.promise;
  });

  test("a call with an aborted signal does not start", async () => {
    await using setup = await open();
    const client = createClient(ManifestService, setup.transport);
    const error = await failureOf(client.getManifest({ repository: "a" }, { signal: AbortSignal.abort() }));
    assert.equal(error.code, Code.Canceled);
  });
}

function serverStreamTests(open: () => Promise<Setup>): void {
  test("a server stream carries messages, headers and trailers", async () => {
    await using setup = await open();
    const seen: Record<string, string | null> = {};
    const stream = createClient(EventService, setup.transport).subscribe(after("7"), {
      headers: { "x-question": "why" },
      onHeader: (header) => (seen.header = header.get("x-answer")),
      onTrailer: (trailer) => (seen.trailer = trailer.get("x-late")),
    });
    const kinds: unknown[] = [];
    for await (const { message } of stream) kinds.push([message.case, message.value]);
    assert.equal(JSON.stringify(kinds).includes('"cursor":"7"'), true);
    assert.equal(kinds.length, 2);
    assert.deepEqual(seen, { header: "why", trailer: "late" });
  });

  for (const cursor of ["fails at once", "fails later"]) {
    test(`an error of a stream that ${cursor} arrives after what was sent`, async () => {
      await using setup = await open();
      const { count, error } = await drain(
        createClient(EventService, setup.transport).subscribe(after(cursor)),
      );
      assert.equal(count, cursor === "fails later" ? 1 : 0);
      assertNotFound(error);
    });
  }

  test("an unexpected error in a stream becomes internal and tells nothing", async () => {
    await using setup = await open();
    const { error } = await drain(
      createClient(EventService, setup.transport).subscribe(after("breaks later")),
    );
    assert.equal(error?.code, Code.Internal);
    assert.equal(error.rawMessage, "internal error");
  });

  test("a caller that gives up ends a stream, and the handler cleans up", async () => {
    await using setup = await open();
    const controller = new AbortController();
    const stream = createClient(EventService, setup.transport).subscribe(after("hangs"), {
      signal: controller.signal,
    });
    const { count, error } = await drain(stream, () => controller.abort());
    assert.equal(count, 1);
    assert.equal(error?.code, Code.Canceled);
    await setup.observed.cleanedUp.promise;
  });

  test("a deadline ends a stream, and the handler cleans up", async () => {
    await using setup = await open();
    const { error } = await drain(
      createClient(EventService, setup.transport).subscribe(after("hangs"), { timeoutMs: 100 }),
    );
    assert.equal(error?.code, Code.DeadlineExceeded);
    await setup.observed.cleanedUp.promise;
  });
}

function clientStreamTests(open: () => Promise<Setup>): void {
  test("a client stream carries every byte", async () => {
    await using setup = await open();
    const sent = Array.from({ length: 40 }, () => CHUNK);
    const answer = await createClient(UploadService, setup.transport).writeUpload(upload("a", sent));
    assert.equal(answer.upload?.offset, BigInt(40 * CHUNK.length));
  });

  test("an error ends a client stream before all was sent, and the sender is stopped", async () => {
    await using setup = await open();
    const stopped = Promise.withResolvers<void>();
    const endless = async function* () {
      try {
        yield* upload("fails", []);
        for (;;) {
          yield chunkMessage(CHUNK);
          await wait(1);
        }
      } finally {
        stopped.resolve();
      }
    };
    const error = await failureOf(createClient(UploadService, setup.transport).writeUpload(endless()));
    assertNotFound(error);
    await stopped.promise;
  });

  test("a caller that gives up ends a client stream, and the handler cleans up", async () => {
    await using setup = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const client = createClient(UploadService, setup.transport);
    const call = failureOf(client.writeUpload(upload("hangs", [CHUNK]), { signal }));
    await wait(50);
    controller.abort();
    assert.equal((await call).code, Code.Canceled);
    await setup.observed.cleanedUp.promise;
  });

  test("a sender that fails ends the call with its error, and the handler cleans up", async () => {
    await using setup = await open();
    const requests = async function* () {
      yield* upload("a", [CHUNK]);
      await wait(50);
      throw new Error("the disk is gone");
    };
    const error = await failureOf(createClient(UploadService, setup.transport).writeUpload(requests()));
    assert.match(error.rawMessage, /the disk is gone/);
    await setup.observed.cleanedUp.promise;
  });
}

function backpressureTests(open: () => Promise<Setup>): void {
  test("a reader that stops reading stops the handler, and leaving lets it clean up", async () => {
    await using setup = await open();
    const controller = new AbortController();
    const stream = createClient(BlobService, setup.transport).readBlob({}, { signal: controller.signal });
    await stream[Symbol.asyncIterator]().next();
    await settled(() => setup.observed.produced);
    assert.ok(setup.observed.produced < CHUNKS_OF_A_LONG_STREAM / 8, `${setup.observed.produced} chunks`);
    controller.abort();
    await setup.observed.cleanedUp.promise;
  });

  test("a handler that stops reading stops the sender", async () => {
    await using setup = await open();
    const controller = new AbortController();
    let sent = 0;
    const requests = async function* () {
      yield* upload("hangs", []);
      for (; sent < CHUNKS_OF_A_LONG_STREAM; sent += 1) yield chunkMessage(CHUNK);
    };
    const { signal } = controller;
    const call = failureOf(createClient(UploadService, setup.transport).writeUpload(requests(), { signal }));
    await settled(() => sent);
    assert.ok(sent < CHUNKS_OF_A_LONG_STREAM / 8, `${sent} chunks`);
    controller.abort();
    assert.equal((await call).code, Code.Canceled);
  });
}

function after(cursor: string) {
  return { start: { case: "afterCursor", value: cursor } } as const;
}

function chunkMessage(chunk: Uint8Array) {
  return { part: { case: "chunk", value: chunk } } as const;
}

async function* upload(uploadId: string, chunks: readonly Uint8Array[]) {
  yield { part: { case: "start", value: { repository: "a", uploadId } } } as const;
  for (const chunk of chunks) yield chunkMessage(chunk);
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail("the call succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

async function drain(stream: AsyncIterable<unknown>, onMessage: () => void = nothing) {
  let count = 0;
  try {
    for await (const _message of stream) {
      count += 1;
      onMessage();
    }
  } catch (error) {
    return { count, error: ConnectError.from(error) };
  }
  return { count, error: undefined };
}

function assertNotFound(error: ConnectError | undefined): void {
  assert.equal(error?.code, Code.NotFound);
  assert.equal(error.rawMessage, "manifest unknown");
  assert.equal(error.metadata.get("x-fact"), "1");
  const [info] = error.findDetails(ErrorInfoSchema);
  assert.equal(info?.reason, "MANIFEST_UNKNOWN");
  assert.deepEqual(info.metadata, { digest: "sha256:ab" });
}

/** Resolves when a count has stopped growing. */
async function settled(count: () => number): Promise<void> {
  for (let last = -1; last !== count(); ) {
    last = count();
    await wait(100);
  }
}
