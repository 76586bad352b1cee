// A manifest that goes for good while somebody is reading it is not there; that is no
// failure of the registry.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import type { Key } from "../../src/metadata/keys.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { has, withCore } from "./study.ts";

/** The same catalogue; `meanwhile` runs to its end just before the bytes of a manifest are first read. */
function beforeContent(metadata: MetadataStore, meanwhile: () => Promise<unknown>): MetadataStore {
  let isDone = false;
  return new Proxy(metadata, {
    get(target, name) {
      if (name === "get")
        return async <R>(key: Key<R>) => {
          if (!isDone && key.text.startsWith("p/")) {
            isDone = true;
            await meanwhile();
          }
          return target.get(key);
        };
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

for (const next of ["nothing", "another"] as const) {
  test(`where a manifest is removed under its reader, and its tag then leads to ${next}`, () =>
    withCore({ deleteEnabled: true, trashAgeMs: 0 }, async ({ core, context }) => {
      const { digest } = await pushIndex(core, [], { tags: ["v1"] });
      const other = await pushIndex(core, [await pushIndex(core, [])].slice(1), {
        subject: { mediaType: "a/b", digest, size: 1 },
      });
      const metadata = beforeContent(context.metadata, async () => {
        await core.tags.delete({ repository, tag: parseTag("v1") }, NOBODY);
        if (next === "another") {
          const target = { kind: "digest", digest: other.digest } as const;
          await core.tagHistory.restore({ repository, tag: parseTag("v1"), target }, NOBODY);
        }
        await core.manifests.delete(repository, digest, NOBODY);
        for await (const _ of new Collector({ context, rate: 0 }).run());
      });
      const reading = createCore({ ...context, metadata }).manifests.get(
        repository,
        { kind: "tag", tag: parseTag("v1") },
        NOBODY,
      );
      if (next === "nothing") await assert.rejects(reading, has("MANIFEST_UNKNOWN"));
      else assert.equal((await reading).descriptor.digest, other.digest);
    }));
}
