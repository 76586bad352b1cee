// What the service suite needs from a body: a transport to a fresh registry. And
// the few moves every test makes: push a blob, push an image, expect an error.
import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { BlobService } from "../../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../../src/gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { type Reference, ReferenceSchema } from "../../../src/gen/stowage/v1/manifest_pb.ts";
import { ManifestService } from "../../../src/gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../../../src/gen/stowage/v1/notification_service_pb.ts";
import { UploadService, WriteUploadRequestSchema } from "../../../src/gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../../../src/gen/stowage/v1/usage_service_pb.ts";
import { type DigestAlgorithm, digestOf } from "../../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../../src/oci/media-types.ts";

/** A running registry that can delete, and how to reach it. */
export interface ServiceBody {
  readonly transport: Transport;
  readonly close: () => Promise<void>;
}

export interface Clients {
  readonly blobs: Client<typeof BlobService>;
  readonly uploads: Client<typeof UploadService>;
  readonly manifests: Client<typeof ManifestService>;
  readonly events: Client<typeof EventService>;
}

/** With what steers webhooks, keeps house and counts, too. */
export interface AllClients extends Clients {
  readonly maintenance: Client<typeof MaintenanceService>;
  readonly notifications: Client<typeof NotificationService>;
  readonly usage: Client<typeof UsageService>;
}

/** Settings of a registry, by the names of their environment variables. */
export type Settings = Readonly<Record<string, string>>;

export interface ServiceSuite {
  readonly name: string;
  /** Absent settings: nothing but the defaults of tests. */
  readonly open: (settings?: Settings) => Promise<ServiceBody>;
}

/** Runs the test against a registry of its own. */
export function withRegistry(
  suite: ServiceSuite,
  run: (clients: AllClients) => Promise<void>,
  settings: Settings = {},
): () => Promise<void> {
  return async () => {
    const { transport, close } = await suite.open(settings);
    try {
      await run({
        blobs: createClient(BlobService, transport),
        uploads: createClient(UploadService, transport),
        manifests: createClient(ManifestService, transport),
        events: createClient(EventService, transport),
        notifications: createClient(NotificationService, transport),
        maintenance: createClient(MaintenanceService, transport),
        usage: createClient(UsageService, transport),
      });
    } finally {
      await close();
    }
  };
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

export interface WriteStart {
  readonly repository: string;
  readonly uploadId: string;
  readonly offset?: bigint;
  readonly size?: bigint;
}

/** The messages of one WriteUpload. */
export async function* writing(start: WriteStart, ...chunks: readonly Uint8Array<ArrayBuffer>[]) {
  yield create(WriteUploadRequestSchema, { part: { case: "start", value: start } });
  for (const chunk of chunks)
    yield create(WriteUploadRequestSchema, { part: { case: "chunk", value: chunk } });
}

/** A server refuses messages of more than some MiB. */
function chunksOf(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const size = 256 * 1024;
  return Array.from({ length: Math.ceil(content.length / size) }, (_, index) =>
    content.subarray(index * size, (index + 1) * size),
  );
}

/** Pushes a blob and resolves to its digest. */
export async function pushBlob(
  { uploads }: Clients,
  repository: string,
  content: Uint8Array<ArrayBuffer>,
  algorithm: DigestAlgorithm = "sha256",
): Promise<string> {
  const { upload } = await uploads.createUpload({ repository });
  const uploadId = upload?.uploadId ?? "";
  await uploads.writeUpload(writing({ repository, uploadId }, ...chunksOf(content)));
  const digest = digestOf(content, algorithm);
  await uploads.commitUpload({ repository, uploadId, digest });
  return digest;
}

export interface ImageOptions {
  readonly tags?: readonly string[];
  readonly subject?: { readonly digest: string; readonly size: number };
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly seed?: string;
}

/** An image document of one config and one layer, both made from the seed. */
export function imageDocument(options: ImageOptions) {
  const config = utf8(JSON.stringify({ seed: options.seed ?? "" }));
  const layer = utf8(`layer ${options.seed ?? ""}`);
  const { subject, artifactType, annotations } = options;
  const document = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    ...(artifactType !== undefined && { artifactType }),
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length },
    ],
    ...(subject !== undefined && { subject: { mediaType: OCI_IMAGE_MANIFEST, ...subject } }),
    ...(annotations !== undefined && { annotations }),
  };
  return { config, layer, content: utf8(JSON.stringify(document)) };
}

/** Pushes config, layer and manifest, and resolves to the manifest's digest and size. */
export async function pushImage(clients: Clients, repository: string, options: ImageOptions = {}) {
  const { config, layer, content } = imageDocument(options);
  await pushBlob(clients, repository, config);
  await pushBlob(clients, repository, layer);
  const tags = [...(options.tags ?? [])];
  const { descriptor } = await clients.manifests.putManifest({ repository, content, tags });
  assert.ok(descriptor);
  return { digest: descriptor.digest, size: Number(descriptor.size), content };
}

export const byTag = (tag: string): Reference =>
  create(ReferenceSchema, { name: { case: "tag", value: tag } });

export const byDigest = (digest: string): Reference =>
  create(ReferenceSchema, { name: { case: "digest", value: digest } });

/** The call must fail with these codes in its details, in order; resolves to their metadata. */
export async function rejects(
  call: Promise<unknown>,
  code: Code,
  ...reasons: readonly string[]
): Promise<readonly Readonly<Record<string, string>>[]> {
  const error = await call.then(
    () => assert.fail("the call should have failed"),
    (reason: unknown) => ConnectError.from(reason),
  );
  const details = error.findDetails(ErrorInfoSchema);
  assert.equal(Code[error.code], Code[code], error.message);
  assert.deepEqual(
    details.map(({ reason, domain }) => `${domain}:${reason}`),
    reasons.map((reason) => `stowage:${reason}`),
  );
  return details.map(({ metadata }) => metadata);
}
