// A receiver that nobody here wrote: distribution's own Go types read what we post.
// What it repeats must be what we said, to the letter.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { WebhookFormat } from "../../src/config/webhook.ts";
import { composeMessage, composeTest } from "../../src/notify/message.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { bareEvent, DOCKER_KINDS, FACTS, sampleEvent } from "./sample-events.ts";

const GOPATH = "/usr/share/gocode";
const SOURCE = `${GOPATH}/src/github.com/docker/distribution/notifications`;

suite("distribution 2.8 reads our envelopes", { skip: lacking("go", SOURCE) }, () => {
  let directory: string;
  let reader: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
    reader = join(directory, "reader");
    const env = { ...process.env, GO111MODULE: "off", GOPATH };
    await run(["go", "build", "-o", reader, "."], { cwd: join(import.meta.dirname, "go-receiver"), env });
  });
  after(() => removeTemporaryDirectory(directory));

  /** What distribution understood, printed by it; throws when it does not understand. */
  function repeat(body: string): string {
    const { status, stdout, stderr } = spawnSync(reader, { input: body, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout;
  }

  test("and repeats every kind to the letter in v1", () => {
    const events = DOCKER_KINDS.filter((kind) => kind !== "tag_deleted").flatMap((kind, index) => [
      { sequence: 2 * index + 1, event: sampleEvent(FACTS[kind]) },
      { sequence: 2 * index + 2, event: bareEvent(FACTS[kind]) },
    ]);
    const { body } = composeMessage(events, options("v1"));
    assert.equal(repeat(body), body);
  });

  test("and has the same understanding of v2", () => {
    const events = DOCKER_KINDS.filter((kind) => kind !== "tag_deleted").map((kind, index) => ({
      sequence: index + 1,
      event: sampleEvent(FACTS[kind]),
    }));
    const read = repeat(composeMessage(events, options("v2")).body);
    assert.equal(read, composeMessage(events, options("v1")).body);
  });

  test("and knows all of a tag's deletion but what the tag pointed to, which is ours", () => {
    const events = [{ sequence: 1, event: sampleEvent(FACTS.tag_deleted) }];
    const { body } = composeMessage(events, options("v1"));
    const { status, stderr } = spawnSync(reader, { input: body, encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /unknown field "previousDigest"/);
    const known = body.replace(/,\n *"previousDigest": "[^"]*"/, "");
    assert.equal(repeat(known), known);
  });

  test("and understands times, several tags and strange user agents", () => {
    const events = [0, 100, 120, 123].map((time, index) => ({
      sequence: index + 1,
      event: sampleEvent(
        { ...FACTS.manifest_pushed, tags: [parseTag("one"), parseTag("two")] },
        { time, request: { id: "1", method: "PUT", userAgent: '<"é😀\u2028\\\u007f\t&>' } },
      ),
    }));
    const { body } = composeMessage(events, options("v1"));
    assert.equal(repeat(body), body);
  });

  test("and takes a test message for an envelope without events", () => {
    for (const format of ["v1", "v2"] as const)
      assert.equal(repeat(composeTest(options(format), { id: "1", time: 0 }).body), "{}");
  });
});

function options(format: WebhookFormat) {
  return { format, includeReferences: true, ignoredMediaTypes: [], ignoredActions: [] };
}
