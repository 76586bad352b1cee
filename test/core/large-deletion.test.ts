// Deleting costs in proportion to what is deleted, whoever made the index.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { pushIndex, REPOSITORY as repository } from "./pictures.ts";
import { withCore } from "./study.ts";

test("members that stay are looked at once, not once for each that goes", () =>
  withCore({ deleteEnabled: true }, async ({ core, context }) => {
    const members = [];
    // Indexes of nothing, each with another subject so that they differ.
    for (let at = 0; at < 300; at++) {
      const digest = parseDigest(`sha256:${String(at).padStart(64, "0")}`);
      members.push(await pushIndex(core, [], { subject: { mediaType: "a/b", digest, size: 1 } }));
    }
    const kept = members.slice(0, 150);
    await pushIndex(core, kept, { tags: ["other"] });
    const { digest } = await pushIndex(core, members, { tags: ["v1"] });
    let reads = 0;
    const metadata = new Proxy(context.metadata, {
      get(target, name) {
        if (name === "get" || name === "page") reads++;
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const deleted = await createCore({ ...context, metadata }).manifests.delete(repository, digest, NOBODY);
    assert.equal(deleted.companions.length, 150);
    assert.ok(reads < 20 * members.length, `${reads} reads`);
  }));
