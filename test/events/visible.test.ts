// When an event arrives, what it says is visible. Eight writers move the same
// twenty tags ten thousand times; a subscriber asks for each digest the moment it
// is announced, and the tags' history must be told whole, once, and in order.
// STOWAGE_EVENTS_PUSHES sets how many pushes there are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { Event } from "../../src/gen/stowage/v1/event_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { TagHistory } from "./tag-history.ts";

const PUSHES = Number(process.env.STOWAGE_EVENTS_PUSHES ?? 10_000);
const WRITERS = 8;
const TAGS = Array.from({ length: 20 }, (_, number) => `tag-${number}`);
const REPOSITORY = "events/visible";

let directory: string;
before(async () => {
  directory = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(directory));

test("what an event tells can be read when it arrives, and all of it is told once, in order", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_EVENTS_SEED");
  t.diagnostic(`STOWAGE_EVENTS_SEED=${random.seed}`);
  const registry = await LocalRegistry.start({ directory });
  const http = new HttpCaller(registry.host);
  const history = new TagHistory();
  try {
    const follower = follow(registry.url, PUSHES, (event) => history.told(event, look(http, event)));
    await push(http, random, history);
    await follower;
    for (const tag of TAGS) history.checkEnd(tag, await digestOfTag(http, tag));
    assert.deepEqual(history.report(), { pushes: PUSHES, early: 0, missing: 0, doubled: 0, disordered: 0 });
  } finally {
    http.close();
    await registry.stop();
  }
});

/** Hands each tag event on without waiting for the one before, until so many have come and all are dealt with. */
async function follow(url: string, count: number, onTag: (event: Event) => Promise<void>): Promise<void> {
  const client = createClient(EventService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  const filter = { repositories: ["events/*"], kinds: ["tag_created", "tag_moved"] };
  const leave = new AbortController();
  const pending: Promise<void>[] = [];
  try {
    const start = { case: "fromStart", value: {} } as const;
    for await (const { message } of client.subscribe({ start, filter }, { signal: leave.signal })) {
      if (message.case === "event") pending.push(onTag(message.value));
      if (pending.length === count) leave.abort();
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  }
  await Promise.all(pending);
}

async function push(http: HttpCaller, random: Random, history: TagHistory): Promise<void> {
  const content = random.bytes(100);
  const path = `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf(content)}`;
  await http.expect([201], { method: "POST", path, body: content });
  let next = 0;
  const write = async (writer: number, choices: Random) => {
    while (next < PUSHES) {
      const number = next++;
      const tag = TAGS[choices.integer(0, TAGS.length - 1)] ?? "";
      const body = imageManifest({ config: content, layers: [content], note: `push ${number}` });
      history.pushing({ writer, tag, digest: digestOf(body) });
      const headers = { "content-type": MANIFEST_TYPE };
      await http.expect([201], { method: "PUT", path: `/v2/${REPOSITORY}/manifests/${tag}`, headers, body });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer, random.fork())));
}

/** True: the announced manifest can be had. */
async function look(http: HttpCaller, { kind }: Event): Promise<boolean> {
  const digest = kind.case === "tagCreated" || kind.case === "tagMoved" ? kind.value.descriptor?.digest : "";
  const answer = await http.call({ method: "HEAD", path: `/v2/${REPOSITORY}/manifests/${digest}` });
  return answer.status === 200 && answer.headers["docker-content-digest"] === digest;
}

async function digestOfTag(http: HttpCaller, tag: string): Promise<string | undefined> {
  const answer = await http.call({ method: "HEAD", path: `/v2/${REPOSITORY}/manifests/${tag}` });
  const digest = answer.headers["docker-content-digest"];
  return typeof digest === "string" ? digest : undefined;
}
