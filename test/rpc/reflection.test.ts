// Reflection: what clients without a schema get to know, asked by our own client, and
// by buf curl and grpc-js, which share no code with the server.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, createClient } from "@connectrpc/connect";
import { Client, credentials } from "@grpc/grpc-js";
import { Health } from "../../src/gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../src/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { addHealth, ProcessHealth } from "../../src/rpc/health.ts";
import { addReflection } from "../../src/rpc/reflection.ts";
import { startServer } from "../../src/server.ts";
import { run } from "../support/run.ts";

const BUF = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));
const SERVICES = [BlobService, EventService, Health];
const SERVICE_NAMES = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "stowage.v1.BlobService",
  "stowage.v1.EventService",
];

function routes(router: ConnectRouter): void {
  router.service(BlobService, { statBlob: ({ digest }) => ({ descriptor: { digest, size: 5n } }) });
  addHealth(router, new ProcessHealth(SERVICES));
  addReflection(router, SERVICES);
}

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"];

/** One answer; both versions must give the same. */
async function ask(messageRequest: NonNullable<Question>) {
  const transport = createDirectTransport(routes);
  const question = async function* () {
    yield { host: "here", messageRequest };
  };
  const answers = [];
  for (const service of [ServerReflection, ServerReflectionAlpha]) {
    for await (const answer of createClient(service, transport).serverReflectionInfo(question()))
      answers.push(answer);
  }
  const [answer, alpha, ...more] = answers;
  assert.equal(more.length, 0);
  assert.equal(answer?.validHost, "here");
  assert.equal(answer.originalRequest?.messageRequest.case, messageRequest.case);
  assert.equal(withoutVersion(alpha?.messageResponse), withoutVersion(answer.messageResponse));
  return answer.messageResponse;
}

function withoutVersion(value: unknown): string {
  return JSON.stringify(value).replaceAll("grpc.reflection.v1alpha.", "grpc.reflection.v1.");
}

async function fileNames(question: NonNullable<Question>): Promise<string[]> {
  const { case: kind, value } = await ask(question);
  assert.ok(kind === "fileDescriptorResponse", JSON.stringify(value));
  return value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

test("the services are those that are mounted", async () => {
  const { case: kind, value } = await ask({ case: "listServices", value: "" });
  assert.ok(kind === "listServicesResponse");
  assert.deepEqual(value.service.map(({ name }) => name).toSorted(), SERVICE_NAMES);
});

test("a file comes with everything it imports, itself first", async () => {
  const names = await fileNames({ case: "fileByFilename", value: "stowage/v1/event_service.proto" });
  assert.equal(names[0], "stowage/v1/event_service.proto");
  assert.ok(names.includes("google/protobuf/timestamp.proto"), names.join());
  assert.equal(new Set(names).size, names.length);
});

const SYMBOLS: Readonly<Record<string, string>> = {
  "stowage.v1.BlobService": "stowage/v1/blob_service.proto",
  "stowage.v1.BlobService.ReadBlob": "stowage/v1/blob_service.proto",
  "stowage.v1.ReadBlobRequest": "stowage/v1/blob_service.proto",
  "stowage.v1.ReadBlobRequest.offset": "stowage/v1/blob_service.proto",
  "stowage.v1.ReadBlobResponse.part": "stowage/v1/blob_service.proto",
  "stowage.v1.SubscribeResponse.Ready": "stowage/v1/event_service.proto",
  "stowage.v1.Descriptor": "stowage/v1/descriptor.proto",
  "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
  "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc/health/v1/health.proto",
  "grpc.health.v1.HealthCheckResponse.SERVING": "grpc/health/v1/health.proto",
};

for (const [symbol, file] of Object.entries(SYMBOLS)) {
  test(`${symbol} is found in its file`, async () => {
    assert.equal((await fileNames({ case: "fileContainingSymbol", value: symbol }))[0], file);
  });
}

const UNKNOWN: readonly NonNullable<Question>[] = [
  { case: "fileByFilename", value: "stowage/v1/manifest_service.proto" },
  { case: "fileContainingSymbol", value: "stowage.v1.ManifestService" },
  { case: "fileContainingSymbol", value: "stowage.v1.BlobService.Nothing" },
  { case: "fileContainingExtension", value: { containingType: "stowage.v1.Descriptor", extensionNumber: 1 } },
  { case: "allExtensionNumbersOfType", value: "stowage.v1.Nothing" },
];

for (const question of UNKNOWN) {
  test(`${question.case} of ${JSON.stringify(question.value)} is answered not found`, async () => {
    const { case: kind, value } = await ask(question);
    assert.ok(kind === "errorResponse");
    assert.equal(value.errorCode, Code.NotFound);
  });
}

test("a message has no extensions", async () => {
  const { case: kind, value } = await ask({
    case: "allExtensionNumbersOfType",
    value: "stowage.v1.Descriptor",
  });
  assert.ok(kind === "allExtensionNumbersResponse");
  assert.deepEqual([value.baseTypeName, value.extensionNumber], ["stowage.v1.Descriptor", []]);
});

/** Serves the routes for as long as the work takes. */
async function served<T>(work: (host: string) => Promise<T>): Promise<T> {
  const report = (error: unknown) => assert.fail(String(error));
  const server = await startServer({ host: "127.0.0.1", port: 0, routes, report });
  try {
    return await work(`127.0.0.1:${server.address.port}`);
  } finally {
    await server.close({ drainMs: 0 });
  }
}

async function bufCurl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run([BUF, "curl", "--http2-prior-knowledge", ...args], { cwd: tmpdir() });
  return stdout;
}

for (const version of ["grpc-v1", "grpc-v1alpha"]) {
  test(`buf curl lists the services over ${version}`, async () => {
    const list = await served((host) =>
      bufCurl("--reflect-protocol", version, "--list-services", `http://${host}`),
    );
    assert.deepEqual(list.trim().split("\n"), SERVICE_NAMES);
  });
}

for (const protocol of ["grpc", "grpcweb", "connect"]) {
  test(`buf curl calls a method over ${protocol} without a schema`, async () => {
    const answer = await served((host) =>
      bufCurl(
        "--protocol",
        protocol,
        "-d",
        '{"digest":"sha256:ab"}',
        `http://${host}/stowage.v1.BlobService/StatBlob`,
      ),
    );
    assert.deepEqual(JSON.parse(answer), { descriptor: { digest: "sha256:ab", size: "5" } });
  });
}

test("grpc-js asks several questions on one stream", async () => {
  const symbols = ["stowage.v1.BlobService", "stowage.v1.Nothing", "stowage.v1.EventService"];
  const kinds = await served(async (host) => {
    const client = new Client(host, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      (symbol: string) => Buffer.from(toBinary(ServerReflectionRequestSchema, symbolRequest(symbol))),
      (bytes) => fromBinary(ServerReflectionResponseSchema, bytes),
    );
    for (const symbol of symbols) stream.write(symbol);
    stream.end();
    const answers: unknown[] = [];
    for await (const { messageResponse } of stream) answers.push(messageResponse.case);
    client.close();
    return answers;
  });
  assert.deepEqual(kinds, ["fileDescriptorResponse", "errorResponse", "fileDescriptorResponse"]);
});

function symbolRequest(value: string) {
  return create(ServerReflectionRequestSchema, { messageRequest: { case: "fileContainingSymbol", value } });
}
