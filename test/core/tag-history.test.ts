// What is remembered of tags, and going back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { TagHistory } from "../../src/core/tag-history.ts";
import { trashKey } from "../../src/metadata/keeping-keys.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { pushImage, REPOSITORY as repository } from "./pictures.ts";
import { has, withCore } from "./study.ts";

const ON = { deleteEnabled: true };
const tag = parseTag("latest");
const WHO = {
  actor: "htpasswd:maria",
  request: { id: "r1", method: "PUT" },
};

test("each change of a tag is listed, newest first, with who asked", () =>
  withCore(ON, async ({ core, clock }) => {
    const start = clock.time;
    const one = await pushImage(core, ["one"], { tags: ["latest"] });
    clock.time += 1000;
    const two = await pushImage(core, ["two"], { tags: ["latest"] });
    await pushImage(core, ["two"], { tags: ["latest"] }); // changes nothing
    clock.time += 1000;
    await core.tags.delete({ repository, tag }, WHO);
    const { items, more } = await core.tagHistory.list(repository, tag, { limit: 10 });
    assert.equal(more, false);
    assert.deepEqual(
      items.map(({ name, ...change }) => change),
      [
        { time: start + 2000, from: two.digest, actor: "htpasswd:maria", requestId: "r1" },
        { time: start + 1000, from: one.digest, to: two.digest },
        { time: start, to: one.digest },
      ],
    );
  }));

test("pages go on where they ended", () =>
  withCore(ON, async ({ core }) => {
    for (let count = 0; count < 5; count++) await pushImage(core, [`${count}`], { tags: ["latest"] });
    const seen: unknown[] = [];
    for (let after: string | undefined; ; ) {
      const { items, more } = await core.tagHistory.list(repository, tag, {
        limit: 2,
        ...(after && { after }),
      });
      seen.push(...items.map(({ to }) => to));
      if (!more) break;
      after = items.at(-1)?.name;
    }
    assert.equal(new Set(seen).size, 5);
    const whole = await core.tagHistory.list(repository, tag, { limit: 100 });
    assert.deepEqual(
      whole.items.map(({ to }) => to),
      seen,
    );
  }));

test("a tag goes back to what it was then, out of the trash if it must", () =>
  withCore(ON, async ({ core, clock }) => {
    const one = await pushImage(core, ["one"], { tags: ["latest"] });
    const then = clock.time;
    clock.time += 1000;
    const two = await pushImage(core, ["two"], { tags: ["latest"] });
    await core.manifests.delete(repository, one.digest, NOBODY);
    clock.time += 1000;
    const restored = await core.tagHistory.restore(
      { repository, tag, target: { kind: "time", time: then + 500 } },
      WHO,
    );
    assert.deepEqual([restored.descriptor.digest, restored.undeleted], [one.digest, [one.digest]]);
    assert.equal((await core.manifests.stat(repository, { kind: "tag", tag }, NOBODY)).digest, one.digest);
    const back = { repository, tag, target: { kind: "digest", digest: two.digest } } as const;
    await assert.rejects(
      core.tagHistory.restore({ ...back, precondition: { kind: "absent" } }, WHO),
      has("PRECONDITION_FAILED"),
    );
    assert.deepEqual((await core.tagHistory.restore(back, WHO)).undeleted, []);
  }));

test("before the first change nobody knows, and it is said so", () =>
  withCore(ON, async ({ core, clock }) => {
    await pushImage(core, ["one"], { tags: ["latest"] });
    const target = { kind: "time", time: clock.time - 1000 } as const;
    await assert.rejects(core.tagHistory.restore({ repository, tag, target }, WHO), has("MANIFEST_UNKNOWN"));
  }));

test("a manifest that somebody else brings back at the same moment is found", () =>
  withCore(ON, async ({ core, context }) => {
    const { digest } = await pushImage(core, ["one"], { tags: ["latest"] });
    await core.manifests.delete(repository, digest, NOBODY);
    let isFirst = true;
    const get: MetadataStore["get"] = async (key) => {
      // Between the look for the manifest and the one into the trash.
      if (key.text === trashKey(repository, digest).text && isFirst) {
        isFirst = false;
        await core.trash.restore(repository, digest, NOBODY);
      }
      return context.metadata.get(key);
    };
    const metadata = new Proxy(context.metadata, {
      get: (store, name) => {
        const member: unknown = Reflect.get(store, name, store);
        if (name === "get") return get;
        return typeof member === "function" ? member.bind(store) : member;
      },
    });
    const target = { kind: "digest", digest } as const;
    const history = new TagHistory({ ...context, metadata });
    const restored = await history.restore({ repository, tag: parseTag("v2"), target }, NOBODY);
    assert.deepEqual([restored.descriptor.digest, restored.undeleted], [digest, []]);
  }));
