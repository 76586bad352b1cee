// Clients that share no code with the registry call its RPCs: grpc-js with the schema from the .proto files, and
// buf curl with the schema that the server itself tells (reflection).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { ForeignClient, type Message } from "../support/foreign-rpc.ts";
import { noise } from "../support/generated-files.ts";
import { otherRegistry } from "../support/registry-process.ts";
import { run, tryRun } from "../support/run.ts";

const BLOBS = "/stowage.v1.BlobService";
const UPLOADS = "/stowage.v1.UploadService";
const MANIFESTS = "/stowage.v1.ManifestService";
const EVENTS = "/stowage.v1.EventService";
const NOT_FOUND = 5;
const CHUNK = 256 * 1024;
const REASON = otherRegistry !== undefined && "only Stowage has these RPCs";

describe("foreign RPC clients", { skip: REASON }, () => {
  let bench: ClientWorkbench;
  let client: ForeignClient;
  let repository: string;

  before(async () => {
    bench = await ClientWorkbench.open();
    repository = bench.registry.repository("rpc");
    client = new ForeignClient(bench.registry.host);
  });

  after(async () => {
    client?.close();
    await bench.close();
  });

  it("grpc-js uploads a blob in chunks and reads it back", async () => {
    const content = noise("grpc", 3_000_000);
    const digest = await push(content);
    const chunks: Uint8Array[] = [];
    for await (const message of client.read(`${BLOBS}/ReadBlob`, { repository, digest })) {
      if (message.part === "chunk") chunks.push(message.chunk as Uint8Array);
      else assert.equal((message.descriptor as Message).size, String(content.length));
    }
    assert.ok(Buffer.concat(chunks).equals(content));
  });

  it("grpc-js stores a manifest and gets its exact bytes", async () => {
    const stored = await putManifest("v1");
    const reference = { tag: "v1" };
    const stat = await client.call(`${MANIFESTS}/StatManifest`, { repository, reference });
    assert.equal((stat.descriptor as Message).digest, stored.digest);
    const read = await client.call(`${MANIFESTS}/GetManifest`, { repository, reference });
    assert.deepEqual(read.content, stored.content);
    const { tags } = await client.call(`${MANIFESTS}/ListTags`, { repository, namesOnly: true });
    assert.deepEqual(
      (tags as Message[]).map((tag) => tag.name),
      ["v1"],
    );
  });

  it("grpc-js learns the code of an error and its facts", async () => {
    const request = { repository, reference: { tag: "missing" } };
    const error = (await client
      .call(`${MANIFESTS}/StatManifest`, request)
      .catch((reason: unknown) => reason)) as Failure;
    assert.equal(error.code, NOT_FOUND);
    const details = String(error.metadata.get("grpc-status-details-bin")[0]);
    for (const part of ["type.googleapis.com/google.rpc.ErrorInfo", "MANIFEST_UNKNOWN", "stowage", "missing"])
      assert.ok(details.includes(part), part);
  });

  it("grpc-js follows events from the start, and then as they happen", async () => {
    await putManifest("before");
    const kinds: unknown[] = [];
    const filter = { repositoryPrefixes: [repository], kinds: ["tag_created", "tag_deleted"] };
    for await (const message of client.read(`${EVENTS}/Subscribe`, { fromStart: {}, filter })) {
      if (message.message !== "event") continue;
      const event = message.event as Message;
      kinds.push(event.kind);
      const tag = (event[String(event.kind)] as Message | undefined)?.tag;
      if (event.kind === "tagCreated" && tag === "before")
        await client.call(`${MANIFESTS}/DeleteTag`, { repository, tag: "before" });
      if (event.kind === "tagDeleted") break;
    }
    assert.equal(kinds.at(-1), "tagDeleted");
  });

  it("grpc-js is told that the server is healthy", async () => {
    const { status } = await client.call("/grpc.health.v1.Health/Check", { service: "" });
    assert.equal(status, 1);
  });

  for (const protocol of ["grpc", "grpcweb", "connect"]) {
    it(`buf curl calls over ${protocol}, with the schema the server tells`, async () => {
      await putManifest("curl");
      const data = JSON.stringify({ repository, reference: { tag: "curl" } });
      const { stdout } = await curl("--protocol", protocol, "--data", data, `${MANIFESTS}/StatManifest`);
      const answer = JSON.parse(stdout) as { readonly descriptor: Message };
      assert.match(String(answer.descriptor.digest), /^sha256:/);
    });
  }

  it("buf curl lists services and methods", async () => {
    const services = (await curl("--list-services", "")).stdout.split("\n");
    for (const name of ["BlobService", "UploadService", "ManifestService", "EventService"])
      assert.ok(services.includes(`stowage.v1.${name}`), services.join(" "));
    const { stdout } = await curl("--list-methods", "");
    assert.match(stdout, /stowage\.v1\.ManifestService\/PutManifest/);
  });

  it("buf curl shows an error with its details", async () => {
    const data = JSON.stringify({ repository, digest: digestOf(Buffer.from("nothing")) });
    const { code, stderr } = await tryRun(curlCommand("--data", data, `${BLOBS}/StatBlob`));
    assert.notEqual(code, 0);
    assert.match(stderr, /not_found/);
    assert.match(stderr, /BLOB_UNKNOWN/);
  });

  async function push(content: Buffer): Promise<string> {
    const digest = digestOf(content);
    const created = await client.call(`${UPLOADS}/CreateUpload`, { repository });
    const { uploadId } = created.upload as { readonly uploadId: string };
    const chunks: Message[] = [];
    for (let at = 0; at < content.length; at += CHUNK)
      chunks.push({ chunk: content.subarray(at, at + CHUNK) });
    const written = await client.write(`${UPLOADS}/WriteUpload`, [
      { start: { repository, uploadId } },
      ...chunks,
    ]);
    assert.equal((written.upload as Message).offset, String(content.length));
    await client.call(`${UPLOADS}/CommitUpload`, { repository, uploadId, digest });
    return digest;
  }

  async function putManifest(tag: string): Promise<{ readonly digest: string; readonly content: Buffer }> {
    const content = manifestFor(await push(Buffer.from(`config of ${tag}`)), tag);
    await client.call(`${MANIFESTS}/PutManifest`, { repository, content, tags: [tag] });
    return { digest: digestOf(content), content };
  }

  function curlCommand(...args: readonly string[]): string[] {
    const path = args.at(-1) ?? "";
    return ["buf", "curl", "--http2-prior-knowledge", ...args.slice(0, -1), `${bench.registry.url}${path}`];
  }

  const curl = (...args: readonly string[]): ReturnType<typeof run> => run(curlCommand(...args));
});

interface Failure {
  readonly code: number;
  readonly metadata: { get(name: string): readonly unknown[] };
}

function manifestFor(digest: string, tag: string): Buffer {
  const config = { mediaType: "application/vnd.example.config", digest, size: `config of ${tag}`.length };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }));
}
