// Snapshots over any transport: what exists, and the events since, with nothing in
// between and nothing twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.ts";
import { type Clients, imageDocument, pushImage, type ServiceSuite, utf8, withRegistry } from "./harness.ts";
import { Mirror } from "./mirror.ts";
import { FROM_SNAPSHOT, outline, Subscription } from "./subscriptions.ts";

async function lastCursor({ events }: Clients): Promise<string> {
  for (let afterCursor = ""; ; ) {
    const page = await events.listEvents({ afterCursor, pageSize: 1000 });
    if (!page.more) return page.nextCursor;
    afterCursor = page.nextCursor;
  }
}

/** What a snapshot of now shows. */
async function present(clients: Clients): Promise<Mirror> {
  const subscription = new Subscription(clients, { start: FROM_SNAPSHOT });
  const mirror = new Mirror();
  for (const message of await subscription.until(({ case: kind }) => kind === "snapshotEnd"))
    mirror.take(message);
  await subscription.leave();
  return mirror;
}

/** Blobs may be deleted though manifests need them. */
const NOTHING_REFUSED = { REGISTRY_STORAGE_DELETE_REFERENCED: "allow" };

/** Pushes, moves and deletes in one repository. */
async function stir(clients: Clients, repository: string, rounds: number): Promise<void> {
  const { manifests, blobs } = clients;
  for (let round = 0; round < rounds; round++) {
    const seed = String(round % 4);
    const { digest } = await pushImage(clients, repository, { seed, tags: [`t${round % 3}`, "latest"] });
    if (round % 3 === 1) await manifests.deleteManifest({ repository, digest });
    else if (round % 4 === 2) await manifests.deleteTag({ repository, tag: "latest" });
    if (round % 5 === 3)
      await blobs.deleteBlob({ repository, digest: digestOf(imageDocument({ seed }).layer) });
  }
}

export function snapshotTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, NOTHING_REFUSED));

  check("a snapshot of an empty registry is empty, and then events come", async (clients) => {
    const subscription = new Subscription(clients, { start: FROM_SNAPSHOT });
    assert.deepEqual(outline(await subscription.take(2)), ["ready 0", "snapshotEnd 0"]);
    await pushImage(clients, "a");
    assert.deepEqual(outline(await subscription.take(2)), ["event 1", "event 2"]);
    await subscription.leave();
  });

  check("a snapshot tells what exists, with all that describes it", async (clients) => {
    const image = await pushImage(clients, "a/b", { tags: ["v"] });
    const { digest } = await pushImage(clients, "a/b", { subject: image, artifactType: "application/x" });
    const subscription = new Subscription(clients, { start: FROM_SNAPSHOT });
    const messages = await subscription.until(({ case: kind }) => kind === "snapshotEnd");
    await subscription.leave();
    const items = messages.flatMap((message) => (message.case === "snapshotItem" ? [message.value] : []));
    assert.deepEqual(
      items.map(({ repository, item }) => `${repository} ${item.case}`),
      ["repositoryState", "blob", "blob", "manifest", "manifest", "tag"].map((kind) => `a/b ${kind}`),
    );
    assert.ok(items.every(({ time }) => time !== undefined));
    const manifests = items.flatMap(({ item }) => (item.case === "manifest" ? [item.value] : []));
    const referrer = manifests.find(({ descriptor }) => descriptor?.digest === digest);
    assert.deepEqual([referrer?.subject, referrer?.artifactType], [image.digest, "application/x"]);
    const tag = items.at(-1)?.item;
    assert.ok(tag?.case === "tag");
    assert.equal(tag.value.tag, "v");
    assert.deepEqual(
      [tag.value.descriptor?.digest, tag.value.descriptor?.size],
      [image.digest, BigInt(image.size)],
    );
    const { descriptor } = await clients.blobs.statBlob({
      repository: "a/b",
      digest: digestOf(utf8("layer ")),
    });
    const blobs = items.flatMap(({ item }) => (item.case === "blob" ? [item.value.descriptor] : []));
    assert.ok(blobs.some((blob) => blob?.digest === descriptor?.digest && blob?.size === descriptor?.size));
  });

  check("a snapshot is filtered as the events would have been", async (clients) => {
    await pushImage(clients, "team/a", { tags: ["v1", "w"] });
    await pushImage(clients, "other", { tags: ["v1"] });
    const filter = { repositories: ["team/*"], tags: ["v*"] };
    const subscription = new Subscription(clients, { start: FROM_SNAPSHOT, filter });
    const messages = await subscription.until(({ case: kind }) => kind === "snapshotEnd");
    const items = messages.flatMap((message) => (message.case === "snapshotItem" ? [message.value] : []));
    assert.deepEqual(
      items.map(({ repository, item }) => `${repository} ${item.case}`),
      ["team/a manifest", "team/a tag"],
    );
    await subscription.leave();
  });

  check(
    "snapshots taken while others write, and the events since, lead to what exists in the end",
    async (clients) => {
      const writers = ["a", "a/b", "c"].map((repository) => stir(clients, repository, 12));
      let isOver = false;
      const written = Promise.all(writers).finally(() => {
        isOver = true;
      });
      const mirrors: { readonly mirror: Mirror; readonly subscription: Subscription }[] = [];
      while (!isOver && mirrors.length < 8) {
        const subscription = new Subscription(clients, { start: FROM_SNAPSHOT });
        const mirror = new Mirror();
        for (const message of await subscription.until(({ case: kind }) => kind === "snapshotEnd"))
          mirror.take(message);
        mirrors.push({ mirror, subscription });
      }
      await written;
      const last = Number(await lastCursor(clients));
      const expected = await present(clients);
      for (const { mirror, subscription } of mirrors) {
        while (mirror.cursor < last) mirror.take(await subscription.next());
        assert.deepEqual(mirror.things(), expected.things());
        await subscription.leave();
      }
      assert.ok(mirrors.length > 1);
      const fromNothing = new Mirror();
      for (let page = { nextCursor: "", more: true }; page.more; ) {
        const next = await clients.events.listEvents({ afterCursor: page.nextCursor, pageSize: 1000 });
        for (const event of next.events) fromNothing.take({ case: "event", value: event });
        page = next;
      }
      assert.deepEqual(fromNothing.things(), expected.things());
    },
  );
}
