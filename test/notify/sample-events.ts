// Fixed events, one of each kind, as the log holds them.
import type { EventFact, EventKind, EventRecord } from "../../src/core/events.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";

export const MANIFEST_DIGEST = parseDigest(`sha256:${"a3".repeat(32)}`);
export const OTHER_DIGEST = parseDigest(`sha256:${"0b".repeat(32)}`);
export const BLOB_DIGEST = parseDigest(`sha256:${"63".repeat(32)}`);

const MANIFEST = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: MANIFEST_DIGEST,
  size: 417,
};
const BLOB = { mediaType: "application/octet-stream", digest: BLOB_DIGEST, size: 900 };
const ARTIFACT = { subject: OTHER_DIGEST, artifactType: "application/vnd.example.sbom.v1+json" };
const TAG = parseTag("v1");
const UPLOAD = "0b9a1f51-4a3e-4b60-8f2e-6a3c7d1f0e11";

export const CONFIG_REFERENCE = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: parseDigest(`sha256:${"c5".repeat(32)}`),
  size: 78,
};
export const LAYER_REFERENCE = { ...BLOB, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" };

/** A fact of each kind; every optional member is there. */
export const FACTS: { readonly [K in EventKind]: Extract<EventFact, { readonly kind: K }> } = {
  repository_created: { kind: "repository_created" },
  repository_deleted: { kind: "repository_deleted" },
  blob_pushed: { kind: "blob_pushed", descriptor: BLOB, uploadId: UPLOAD },
  blob_mounted: { kind: "blob_mounted", descriptor: BLOB, fromRepository: parseRepositoryName("c/d") },
  blob_deleted: { kind: "blob_deleted", descriptor: BLOB },
  blob_collected: { kind: "blob_collected", descriptor: BLOB },
  blob_damaged: {
    kind: "blob_damaged",
    descriptor: BLOB,
    repositories: [parseRepositoryName("a/b"), parseRepositoryName("c/d")],
  },
  manifest_pushed: {
    kind: "manifest_pushed",
    descriptor: MANIFEST,
    ...ARTIFACT,
    tags: [TAG],
    references: [CONFIG_REFERENCE, LAYER_REFERENCE],
    referenceCount: 2,
    restored: true,
  },
  manifest_pulled: { kind: "manifest_pulled", descriptor: MANIFEST, ...ARTIFACT, tag: TAG, count: 3 },
  manifest_deleted: { kind: "manifest_deleted", descriptor: MANIFEST, ...ARTIFACT },
  tag_created: { kind: "tag_created", tag: TAG, descriptor: MANIFEST, artifactType: ARTIFACT.artifactType },
  tag_moved: { kind: "tag_moved", tag: TAG, descriptor: MANIFEST, previousDigest: OTHER_DIGEST },
  tag_deleted: { kind: "tag_deleted", tag: TAG, descriptor: MANIFEST },
  upload_cancelled: { kind: "upload_cancelled", uploadId: UPLOAD },
  upload_expired: { kind: "upload_expired", uploadId: UPLOAD },
  collection_finished: { kind: "collection_finished", manifests: 2, links: 3, blobs: 4, bytes: 3600 },
};

/** The kinds that are announced as Docker's events. */
export const DOCKER_KINDS: readonly EventKind[] = [
  "blob_pushed",
  "blob_mounted",
  "blob_deleted",
  "manifest_pushed",
  "manifest_pulled",
  "manifest_deleted",
  "tag_deleted",
];

/** The fact as an event by a client that told everything about itself. */
export function sampleEvent(fact: EventFact, changes: Partial<EventRecord> = {}): EventRecord {
  return {
    id: "01a1fa2b-ab1f-71f0-9948-821fe80321f9",
    time: Date.UTC(2026, 10, 20, 18, 15, 28, 280),
    repository: parseRepositoryName("a/b"),
    fact,
    request: {
      id: "01a1fa2b-ab1c-7ebc-bd4d-104baa7b209e",
      address: "127.0.0.1:47308",
      host: "127.0.0.1:15503",
      scheme: "http",
      method: "PUT",
      userAgent: "Python-urllib/3.11",
    },
    actor: "alice",
    source: { address: "vm:15503", instanceId: "01a1fa2a-b55b-782e-bae6-3a082743f189" },
    ...changes,
  };
}

/** An event about which nothing optional is known: the registry's own doing. */
export function bareEvent(fact: EventFact): EventRecord {
  const { id, time } = sampleEvent(fact);
  return { id, time, repository: parseRepositoryName("a/b"), fact };
}

export const SAMPLE_EVENTS: readonly EventRecord[] = Object.values(FACTS).map((fact) => sampleEvent(fact));
