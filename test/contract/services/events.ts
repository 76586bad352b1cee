// EventService over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Event } from "../../../src/gen/stowage/v1/event_pb.ts";
import type {
  EventFilterSchema,
  SubscribeRequestSchema,
} from "../../../src/gen/stowage/v1/event_service_pb.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import {
  type Clients,
  pushBlob,
  pushImage,
  rejects,
  type ServiceSuite,
  utf8,
  withRegistry,
} from "./harness.ts";

const kinds = (events: readonly Event[]) => events.map((event) => event.kind.case);

async function allEvents({ events }: Clients): Promise<Event[]> {
  return (await events.listEvents({ pageSize: 1000 })).events;
}

/** Subscribes, runs `act` once ready, and resolves to the first `count` events. */
async function collect(
  { events }: Clients,
  request: MessageInitShape<typeof SubscribeRequestSchema>,
  count: number,
  act: () => Promise<unknown> = async () => undefined,
): Promise<Event[]> {
  const leave = new AbortController();
  const found: Event[] = [];
  let first = true;
  try {
    for await (const { message } of events.subscribe(request, { signal: leave.signal })) {
      if (first) assert.equal(message.case, "ready", "ready comes first");
      if (first) await act();
      first = false;
      if (message.case === "event") found.push(message.value);
      if (found.length >= count) leave.abort();
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  }
  return found;
}

export function eventTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run));

  check("every change is announced once, in order", async (clients) => {
    const repository = "a/b";
    const one = await pushImage(clients, repository, { seed: "1", tags: ["v", "w"] });
    const two = await pushImage(clients, repository, { seed: "2", tags: ["v"] });
    await clients.blobs.mountBlob({
      repository: "c",
      digest: digestOf(utf8("layer 1")),
      fromRepository: repository,
    });
    await clients.blobs.deleteBlob({ repository: "c", digest: digestOf(utf8("layer 1")) });
    await clients.manifests.deleteTag({ repository, tag: "v" });
    await clients.manifests.deleteManifest({ repository, digest: one.digest });
    const { upload } = await clients.uploads.createUpload({ repository });
    await clients.uploads.cancelUpload({ repository, uploadId: upload?.uploadId ?? "" });
    const events = await allEvents(clients);
    assert.deepEqual(kinds(events), [
      ...["repositoryCreated", "blobPushed", "blobPushed", "manifestPushed", "tagCreated", "tagCreated"],
      ...["blobPushed", "blobPushed", "manifestPushed", "tagMoved"],
      ...["repositoryCreated", "blobMounted", "blobDeleted"],
      ...["tagDeleted", "tagDeleted", "manifestDeleted", "uploadCancelled"],
    ]);
    const moved = events.find((event) => event.kind.case === "tagMoved");
    assert.ok(moved?.kind.case === "tagMoved");
    assert.equal(moved.kind.value.tag, "v");
    assert.equal(moved.kind.value.previousDigest, one.digest);
    assert.equal(moved.kind.value.descriptor?.digest, two.digest);
    assert.equal(new Set(events.map((event) => event.eventId)).size, events.length);
  });

  check("what changes nothing is not announced as a change", async (clients) => {
    await pushImage(clients, "a", { tags: ["v"] });
    const { content } = await pushImage(clients, "a", { tags: ["v"] });
    await clients.blobs.mountBlob({ repository: "a", digest: digestOf(utf8("layer ")) });
    const before = (await allEvents(clients)).length;
    await clients.manifests.putManifest({ repository: "a", content, tags: ["v"] });
    assert.deepEqual(kinds(await allEvents(clients)).slice(before), ["manifestPushed"]);
  });

  check("a failed push announces nothing", async (clients) => {
    const content = utf8(JSON.stringify({ schemaVersion: 2, config: {}, layers: [] }));
    await assert.rejects(clients.manifests.putManifest({ repository: "a", content, tags: ["v"] }));
    assert.deepEqual(await allEvents(clients), []);
  });

  check("the log is read in pages", async (clients) => {
    await pushImage(clients, "a", { tags: ["v"] });
    const all = await allEvents(clients);
    const found: Event[] = [];
    for (let page = { nextCursor: "", more: true }; page.more; ) {
      const next = await clients.events.listEvents({ afterCursor: page.nextCursor, pageSize: 2 });
      found.push(...next.events);
      page = next;
    }
    assert.deepEqual(found, all);
  });

  check("a subscriber gets the past, then what happens, without a gap", async (clients) => {
    await pushImage(clients, "a", { seed: "1", tags: ["v"] });
    const start = { case: "fromStart", value: {} } as const;
    const found = await collect(clients, { start }, 9, () =>
      pushImage(clients, "a", { seed: "2", tags: ["v"] }),
    );
    assert.deepEqual(found, await allEvents(clients));
  });

  check("a subscriber from now gets only what happens", async (clients) => {
    await pushImage(clients, "a", { tags: ["v"] });
    const found = await collect(clients, {}, 1, () => pushBlob(clients, "b", utf8("x")));
    assert.deepEqual(kinds(found), ["repositoryCreated"]);
    assert.equal(found[0]?.repository, "b");
  });

  check("a subscriber resumes exactly where it stopped", async (clients) => {
    await pushImage(clients, "a", { tags: ["v"] });
    const all = await allEvents(clients);
    for (const [index, { cursor }] of all.slice(0, -1).entries()) {
      const start = { case: "afterCursor", value: cursor } as const;
      assert.deepEqual(await collect(clients, { start }, all.length - index - 1), all.slice(index + 1));
    }
  });

  check("filters choose by repository prefix and by kind", async (clients) => {
    for (const name of ["team/a", "team/b", "teams"]) await pushImage(clients, name, { tags: ["v"] });
    const filter = { repositoryPrefixes: ["team/"], kinds: ["tag_created", "manifest_pushed"] };
    const expected = ["manifestPushed", "tagCreated", "manifestPushed", "tagCreated"];
    const listed = (await clients.events.listEvents({ filter })).events;
    assert.deepEqual(kinds(listed), expected);
    const start = { case: "fromStart", value: {} } as const;
    assert.deepEqual(await collect(clients, { start, filter }, 4), listed);
    await rejects(
      clients.events.listEvents({ filter: { kinds: ["x"] } }),
      Code.InvalidArgument,
      "KIND_INVALID",
    );
  });

  check("filters choose by patterns, tags, and types of content", async (clients) => {
    await pushImage(clients, "team/a", { tags: ["v1", "latest"] });
    await pushImage(clients, "team/a/b", { tags: ["v2"], artifactType: "application/spdx+json" });
    const chosen = async (filter: MessageInitShape<typeof EventFilterSchema>) => {
      const { events } = await clients.events.listEvents({ filter });
      return events.map(({ repository, kind }) => `${repository} ${kind.case}`);
    };
    const kinds = ["manifest_pushed", "tag_created"];
    assert.deepEqual(await chosen({ repositories: ["team/*"], kinds }), [
      ...["team/a manifestPushed", "team/a tagCreated", "team/a tagCreated"],
    ]);
    assert.deepEqual(await chosen({ tags: ["v?"] }), [
      ...["team/a manifestPushed", "team/a tagCreated", "team/a/b manifestPushed", "team/a/b tagCreated"],
    ]);
    assert.deepEqual(await chosen({ artifactTypes: ["application/spdx*"] }), [
      ...["team/a/b manifestPushed", "team/a/b tagCreated"],
    ]);
    const blobs = ["team/a blobPushed", "team/a blobPushed", "team/a/b blobPushed", "team/a/b blobPushed"];
    assert.deepEqual(await chosen({ mediaTypes: ["*/octet-stream"] }), blobs);
    const tooMany = { tags: Array.from({ length: 101 }, () => "v") };
    const tooLong = { repositoryPrefixes: ["a".repeat(8000)], tags: ["b".repeat(193)] };
    for (const filter of [tooMany, tooLong, { repositories: [""] }]) {
      await rejects(clients.events.listEvents({ filter }), Code.InvalidArgument, "FILTER_INVALID");
      await rejects(collect(clients, { filter }, 1), Code.InvalidArgument, "FILTER_INVALID");
    }
  });

  check("what a pushed manifest refers to is listed for those who ask", async (clients) => {
    const { content } = await pushImage(clients, "a", { tags: ["v"] });
    const named = JSON.parse(Buffer.from(content).toString());
    const expected = [named.config, ...named.layers].map(({ mediaType, digest, size }) => [
      mediaType,
      digest,
      size,
    ]);
    const filter = { kinds: ["manifest_pushed"] };
    for (const includeReferences of [false, true]) {
      const listed = (await clients.events.listEvents({ filter, includeReferences })).events;
      const start = { case: "fromStart", value: {} } as const;
      const sent = await collect(clients, { start, filter, includeReferences }, 1);
      assert.deepEqual(sent, listed);
      const kind = listed[0]?.kind;
      assert.ok(kind?.case === "manifestPushed");
      const { references, referenceCount } = kind.value;
      assert.deepEqual(
        references.map(({ mediaType, digest, size }) => [mediaType, digest, Number(size)]),
        includeReferences ? expected : [],
      );
      assert.equal(referenceCount, includeReferences ? 2 : 0);
    }
  });

  check("the log is read from a time on", async (clients) => {
    await pushImage(clients, "a", { tags: ["v"] });
    const all = await allEvents(clients);
    const from = (fromTime: { seconds: bigint; nanos?: number }) => clients.events.listEvents({ fromTime });
    assert.deepEqual((await from({ seconds: 0n })).events, all);
    assert.deepEqual((await from({ seconds: 99_999_999_999n })).events, []);
    const { seconds, nanos } = all.at(-1)?.time ?? assert.fail();
    const late = (await from({ seconds, nanos })).events;
    assert.ok(late.length > 0);
    assert.deepEqual(late, all.slice(-late.length));
    const earlier = all.slice(0, -late.length).map(({ time }) => time);
    assert.ok(earlier.every((time) => time && (time.seconds < seconds || time.nanos < nanos)));
    const start = { case: "fromTime", value: { seconds, nanos } } as const;
    assert.deepEqual(await collect(clients, { start }, late.length), late);
    const both = clients.events.listEvents({ afterCursor: "1", fromTime: { seconds } });
    await rejects(both, Code.InvalidArgument, "REQUEST_INVALID");
  });

  check(
    "an event tells which process wrote it and, over the network, which request made it",
    async (clients) => {
      await pushImage(clients, "a", { tags: ["v"] });
      for (const { source, request, url, kind, actor } of await allEvents(clients)) {
        assert.ok(source?.address);
        assert.match(source.instanceId, /^[0-9a-f-]{36}$/);
        assert.equal(actor, undefined);
        if (request === undefined) {
          assert.equal(url, "");
          continue;
        }
        assert.match(request.requestId, /^[0-9a-f-]{36}$/);
        assert.match(request.address, /^127\.0\.0\.1:\d+$/);
        assert.match(
          request.method,
          /^stowage\.v1\.(UploadService\/CommitUpload|ManifestService\/PutManifest)$/,
        );
        assert.equal(request.scheme, "http");
        const path = kind.case === "blobPushed" ? "blobs" : "manifests";
        if (kind.case === "repositoryCreated") assert.equal(url, "");
        else if (kind.value && "descriptor" in kind.value)
          assert.equal(url, `http://${request.host}/v2/a/${path}/${kind.value.descriptor?.digest}`);
      }
    },
  );

  check("a time is a place to begin at, however far it lies", async (clients) => {
    await pushBlob(clients, "a", utf8("x"));
    const least = -62_135_596_800n; // from the year 1 to 9999: further JSON does not go
    const most = 253_402_300_799n;
    const times: readonly (readonly [bigint, number, number])[] = [
      [least, 0, 2],
      [-1n, 1, 2],
      [0n, 0, 2],
      [most, 999_999_999, 0],
    ];
    for (const [seconds, nanos, count] of times) {
      const fromTime = { seconds, nanos };
      const page = await clients.events.listEvents({ fromTime });
      assert.equal(page.events.length, count);
      assert.equal(page.nextCursor, "2");
    }
  });

  check("a page has a size that makes sense, whatever was asked for", async (clients) => {
    await pushBlob(clients, "a", utf8("x"));
    for (const pageSize of [0, 1000, 2 ** 31 - 1])
      assert.equal((await clients.events.listEvents({ pageSize })).events.length, 2);
    assert.equal((await clients.events.listEvents({ pageSize: 1 })).events.length, 1);
    for (const pageSize of [-1, -(2 ** 31)])
      await rejects(
        clients.events.listEvents({ pageSize }),
        Code.InvalidArgument,
        "PAGINATION_NUMBER_INVALID",
      );
  });

  check("a cursor that is not ours is refused", async (clients) => {
    const numbers = [
      "-1",
      "1.5",
      "999999",
      "00",
      "01",
      "1e0",
      "0x1",
      "+1",
      " 1",
      "1\n",
      "9".repeat(15),
      "9".repeat(16),
    ];
    for (const cursor of ["x", "٣", ...numbers]) {
      const list = clients.events.listEvents({ afterCursor: cursor });
      await rejects(list, Code.InvalidArgument, "CURSOR_INVALID");
      const start = { case: "afterCursor", value: cursor } as const;
      await rejects(collect(clients, { start }, 1), Code.InvalidArgument, "CURSOR_INVALID");
    }
  });

  check("a quiet stream sends keepalives with a cursor to resume from", async (clients) => {
    await pushBlob(clients, "a", utf8("x"));
    const leave = new AbortController();
    const seen: (string | undefined)[] = [];
    try {
      for await (const { message } of clients.events.subscribe({}, { signal: leave.signal })) {
        seen.push(message.case);
        if (message.case === "keepalive") assert.equal(message.value.cursor, "2");
        if (seen.length === 3) leave.abort();
      }
    } catch (error) {
      if (!leave.signal.aborted) throw error;
    }
    assert.deepEqual(seen, ["ready", "keepalive", "keepalive"]);
  });

  check("when a tag event arrives, what it says can be read", async (clients) => {
    const images = await Promise.all(
      [1, 2, 3].map((seed) => pushImage(clients, "a", { seed: String(seed) })),
    );
    const pushes = () =>
      Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          clients.manifests.putManifest({
            repository: "a",
            content: images[index % 3]?.content ?? utf8(""),
            tags: [`t${index % 5}`],
          }),
        ),
      );
    const expected = 60;
    const seen = await collect(clients, { filter: { kinds: ["manifest_pushed"] } }, expected, pushes);
    assert.equal(seen.length, expected);
    const history = new Map<string, string>();
    for (const { kind } of await allEvents(clients)) {
      if (kind.case !== "tagCreated" && kind.case !== "tagMoved") continue;
      if (kind.case === "tagMoved") assert.equal(kind.value.previousDigest, history.get(kind.value.tag));
      history.set(kind.value.tag, kind.value.descriptor?.digest ?? "");
    }
    for (const tag of (await clients.manifests.listTags({ repository: "a" })).tags)
      assert.equal(tag.descriptor?.digest, history.get(tag.name));
  });
}
