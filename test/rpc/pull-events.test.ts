// Pulls, from the call that makes one to the event that tells of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { byDigest, byTag, pushImage } from "../contract/services/harness.ts";
import { eventually } from "../support/eventually.ts";
import { openTestRegistry } from "../support/test-registry.ts";

test("reading a manifest is announced, by tag or digest; asking for its description is not", async () => {
  const registry = await openTestRegistry({ settings: { REGISTRY_EVENTS_PULLS_ENABLED: "true" } });
  try {
    const transport = createDirectTransport(registry.routes);
    const clients = {
      blobs: createClient(BlobService, transport),
      uploads: createClient(UploadService, transport),
      manifests: createClient(ManifestService, transport),
      events: createClient(EventService, transport),
    };
    const { digest } = await pushImage(clients, "a", { tags: ["v"] });
    for (const reference of [byTag("v"), byDigest(digest)])
      await clients.manifests.getManifest({ repository: "a", reference });
    await clients.manifests.statManifest({ repository: "a", reference: byTag("v") });
    const filter = { kinds: ["manifest_pulled"] };
    const pulls = await eventually("two pulls", async () => {
      const { events } = await clients.events.listEvents({ filter });
      return events.length >= 2 ? events : undefined;
    });
    const told = pulls.map(({ repository, kind }) => {
      assert.ok(kind.case === "manifestPulled");
      return [repository, kind.value.descriptor?.digest, kind.value.tag, kind.value.count];
    });
    assert.deepEqual(told, [
      ["a", digest, "v", 1n],
      ["a", digest, "", 1n],
    ]);
    const named = await clients.events.listEvents({ filter: { ...filter, tags: ["v"] } });
    assert.equal(named.events.length, 1);
  } finally {
    await registry.close();
  }
});
