// What repositories hold and what they may hold, over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import {
  type AllClients,
  imageDocument,
  pushBlob,
  pushImage,
  rejects,
  type ServiceSuite,
  type Settings,
  utf8,
  withRegistry,
} from "./harness.ts";

const QUOTAS = [
  { name: "acme", repositories: ["acme/**"], scope: "together", bytes: "1MiB", tags: 3 },
  { repositories: ["acme/app", "x/**"], tags: 2 },
];

export function usageTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: AllClients) => Promise<void>, settings: Settings = {}) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, settings));

  check("usage is told of a repository, of a path, and of all", async (clients) => {
    const { usage, manifests } = clients;
    const app = await pushImage(clients, "acme/app", { seed: "1", tags: ["a", "b"] });
    await pushImage(clients, "acme/deep/er", { seed: "1", tags: ["a"] });
    await pushImage(clients, "acme-two", { seed: "2", tags: ["a"] });
    const { config, layer } = imageDocument({ seed: "1" });
    const size = BigInt(config.length + layer.length + app.size);
    const own = await usage.getUsage({ scope: { case: "repository", value: "acme/app" } });
    assert.ok(own.usage?.lastPushTime);
    assert.equal(own.stored, undefined);
    assert.deepEqual([own.usage.bytes, own.usage.logicalBytes, own.usage.tags], [size, size, 2n]);
    const below = async (path: string) =>
      (await usage.getUsage({ scope: { case: "path", value: path } })).usage ?? assert.fail();
    assert.deepEqual([(await below("acme")).bytes, (await below("acme")).tags], [2n * size, 3n]);
    assert.equal((await below("acme/deep")).manifests, 1n);
    assert.equal((await below("nothing/is/here")).bytes, 0n);
    const all = await usage.getUsage({});
    const repositories = [own.usage, await below("acme"), all.usage].map((held) => held?.repositories);
    assert.deepEqual(repositories, [1n, 2n, 3n]);
    assert.deepEqual([all.usage?.manifests, all.usage?.tags, all.usage?.blobs], [3n, 4n, 6n]);
    // Of two repositories that share everything the bytes are there once.
    assert.equal(all.stored?.bytes, (all.usage?.bytes ?? 0n) - size);
    await manifests.deleteManifest({ repository: "acme/app", digest: app.digest });
    const after = (await usage.getUsage({ scope: { case: "repository", value: "acme/app" } })).usage;
    const { bytes, logicalBytes, manifests: live, trashedManifests, tags } = after ?? assert.fail();
    assert.deepEqual([bytes, logicalBytes, live, trashedManifests, tags], [size, 0n, 0n, 1n, 0n]);
  });

  check("usage of what is no name, too deep, or not there is refused", async ({ usage }) => {
    const ask = (kind: "repository" | "path", value: string) =>
      usage.getUsage({ scope: { case: kind, value } });
    await rejects(ask("repository", "nope"), Code.NotFound, "NAME_UNKNOWN");
    await rejects(ask("repository", "No"), Code.InvalidArgument, "NAME_INVALID");
    for (const path of ["", "a/", "A"])
      await rejects(ask("path", path), Code.InvalidArgument, "NAME_INVALID");
    await rejects(ask("path", "a/b/c/d"), Code.InvalidArgument, "REQUEST_INVALID");
  });

  check(
    "quotas are told with their use, and refuse what would go beyond",
    async (clients) => {
      const { usage, manifests } = clients;
      const repository = "acme/app";
      const { content } = await pushImage(clients, repository, { tags: ["a"] });
      await pushImage(clients, "acme/other", { tags: ["a"] });
      const { quotas } = await usage.getUsage({ scope: { case: "repository", value: repository } });
      const all = await usage.getUsage({});
      const bytes = all.usage?.bytes ?? assert.fail();
      assert.deepEqual(
        quotas.map(({ $typeName, ...quota }) => quota),
        [
          {
            name: "acme",
            repositories: ["acme/**"],
            together: true,
            maxBytes: 2n ** 20n,
            bytes,
            maxTags: 3n,
            tags: 2n,
          },
          { name: "quota 2", repositories: ["acme/app", "x/**"], together: false, maxTags: 2n, tags: 1n },
        ],
      );
      assert.deepEqual(
        all.quotas.map(({ name, tags }) => [name, tags]),
        [["acme", 2n]],
      );
      await manifests.putManifest({ repository, content, tags: ["b"] });
      const [details] = await rejects(
        manifests.putManifest({ repository, content, tags: ["c"] }),
        Code.PermissionDenied,
        "DENIED",
      );
      assert.equal(details?.unit, "tags");
      const tooLarge = utf8("x".repeat(2 ** 20));
      await rejects(pushBlob(clients, "acme/other", tooLarge), Code.PermissionDenied, "DENIED");
    },
    { REGISTRY_QUOTAS: JSON.stringify(QUOTAS) },
  );
}
