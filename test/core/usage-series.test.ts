// Accounting over random series of operations: the rows are what a recount says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { expireBlob, expireLink } from "../../src/core/removal.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { Random } from "../support/random.ts";
import { blobOf, pushBlob, pushImage, pushIndex } from "./pictures.ts";
import { assertCounted } from "./recount.ts";
import { withCore } from "./study.ts";

const ON = { deleteEnabled: true };

test("after any series of operations, some at once, the rows are what a recount says", async () => {
  const random = Random.fromEnvironment("STOWAGE_USAGE_SEED");
  await withCore({ ...ON, graceMs: 5, referencedDeletion: "allow" }, async (study) => {
    const { core, context, clock } = study;
    const names = ["a/b", "a/b/c/d/e", "x", "a"].map(parseRepositoryName);
    const pushed: { readonly name: (typeof names)[number]; readonly descriptor: Descriptor }[] = [];
    const text = () => `layer ${random.integer(1, 6)}`;
    const tag = () => `v${random.integer(1, 4)}`;
    const step = async (): Promise<unknown> => {
      const name = random.pick(names);
      const known = pushed.length > 0 ? random.pick(pushed) : undefined;
      switch (random.integer(0, known === undefined ? 1 : 9)) {
        case 0:
          return pushBlob(core, text(), name);
        case 1: {
          const descriptor = await pushImage(core, [text(), text()], { repository: name, tags: [tag()] });
          return pushed.push({ name, descriptor });
        }
        case 2: {
          if (known === undefined) return undefined;
          const options = { repository: known.name, tags: [tag()] };
          return pushed.push({
            name: known.name,
            descriptor: await pushIndex(core, [known.descriptor], options),
          });
        }
        case 3:
          return core.blobs.delete(name, blobOf(text()), NOBODY);
        case 4:
          return core.blobs.mount({ repository: name, digest: blobOf(text()) }, NOBODY);
        case 5:
          return core.tags.delete({ repository: name, tag: parseTag(tag()) }, NOBODY);
        case 6:
          return known && core.manifests.delete(known.name, known.descriptor.digest, NOBODY);
        case 7:
          return known && core.trash.restore(known.name, known.descriptor.digest, NOBODY);
        case 8:
          return known && core.trash.purge(known.name, known.descriptor.digest);
        default: {
          const digest = blobOf(text());
          await expireLink(context, { repository: name, digest }, 5);
          return expireBlob(context, digest);
        }
      }
    };
    let done = 0;
    for (let round = 0; round < 60; round++) {
      clock.time += random.integer(0, 4);
      const outcomes = await Promise.allSettled(Array.from({ length: random.integer(1, 5) }, step));
      for (const outcome of outcomes)
        if (outcome.status === "rejected") assert.ok(outcome.reason instanceof RegistryError, outcome.reason);
        else done++;
      await assertCounted(context.metadata, `seed ${random.seed}, round ${round}`);
    }
    assert.ok(done > 60 && pushed.length > 5);
  });
});
