// Which events pass which filters: one row for each promise of EventFilter in the schema.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventChoice, parseEventFilter } from "../../src/core/event-filter.ts";
import type { EventFact, EventRecord } from "../../src/metadata/records.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";

const digest = digestOf(Buffer.from("x"));
const manifest = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 };
const blob = { mediaType: "application/octet-stream", digest, size: 1 };
const sbom = "application/spdx+json";
const tag = parseTag("v1");

const FACTS: Readonly<Record<string, EventFact>> = {
  created: { kind: "repository_created" },
  blob: { kind: "blob_pushed", descriptor: blob, uploadId: "u" },
  pushed: { kind: "manifest_pushed", descriptor: manifest, tags: [tag, parseTag("latest")] },
  untagged: { kind: "manifest_pushed", descriptor: manifest, tags: [] },
  sbom: { kind: "manifest_pushed", descriptor: manifest, tags: [], artifactType: sbom },
  pulledByTag: { kind: "manifest_pulled", descriptor: manifest, tag },
  pulledByDigest: { kind: "manifest_pulled", descriptor: manifest, artifactType: sbom },
  moved: { kind: "tag_moved", tag, descriptor: manifest, previousDigest: digest },
  cancelled: { kind: "upload_cancelled", uploadId: "u" },
  damaged: { kind: "blob_damaged", descriptor: blob, repositories: [parseRepositoryName("a")] },
  finished: { kind: "collection_finished", manifests: 0, links: 1, blobs: 1, bytes: 1 },
};

function event(fact: EventFact, repository?: string): EventRecord {
  const name = repository === undefined ? {} : { repository: parseRepositoryName(repository) };
  return { id: "e", time: 1, ...name, fact };
}

/** What is chosen of FACTS. */
const BY_FACT: readonly (readonly [EventChoice, readonly string[]])[] = [
  [{}, Object.keys(FACTS)],
  [{ repositoryPrefixes: [], kinds: [], repositories: [], tags: [] }, Object.keys(FACTS)],
  [{ kinds: ["tag_moved", "blob_pushed"] }, ["blob", "moved"]],
  [
    { mediaTypes: ["application/vnd.oci.*"] },
    ["pushed", "untagged", "sbom", "pulledByTag", "pulledByDigest", "moved"],
  ],
  [{ mediaTypes: ["application/octet-stream"] }, ["blob", "damaged"]],
  [{ kinds: ["blob_damaged", "collection_finished"] }, ["damaged", "finished"]],
  [{ artifactTypes: ["application/*"] }, ["sbom", "pulledByDigest"]],
  [{ artifactTypes: ["text/*"] }, []],
  [{ tags: ["v*"] }, ["pushed", "pulledByTag", "moved"]],
  [{ tags: ["lat??t"] }, ["pushed"]],
  [{ tags: ["v"] }, []],
  [{ tags: ["v1"], kinds: ["tag_moved"] }, ["moved"]],
  [{ tags: ["nothing", "v1"], artifactTypes: [sbom] }, []],
];

/** Which repositories are chosen; "" is an event without one. */
const BY_REPOSITORY: readonly (readonly [EventChoice, readonly string[]])[] = [
  [{}, ["", "team", "team/a", "team/a/b", "teams"]],
  [{ repositoryPrefixes: ["team/"] }, ["team/a", "team/a/b"]],
  [{ repositoryPrefixes: ["team"] }, ["team", "team/a", "team/a/b", "teams"]],
  [{ repositoryPrefixes: ["x", "teams"] }, ["teams"]],
  [{ repositories: ["team/*"] }, ["team/a"]],
  [{ repositories: ["team/**"] }, ["team/a", "team/a/b"]],
  [{ repositories: ["team*"] }, ["team", "teams"]],
  [{ repositories: ["**"] }, ["team", "team/a", "team/a/b", "teams"]],
  [{ repositories: ["**"], repositoryPrefixes: ["team/a/"] }, ["team/a/b"]],
];

for (const [choice, expected] of BY_FACT) {
  test(`${JSON.stringify(choice)} chooses ${expected.join(", ") || "nothing"}`, () => {
    const filter = parseEventFilter(choice);
    const chosen = () =>
      Object.keys(FACTS).filter((name) => filter.passes(event(FACTS[name] ?? assert.fail(), "a")));
    assert.deepEqual(chosen(), expected);
    assert.deepEqual(chosen(), expected, "the same when it is asked again");
  });
}

for (const [choice, expected] of BY_REPOSITORY) {
  test(`${JSON.stringify(choice)} chooses repositories ${expected.join(" ")}`, () => {
    const filter = parseEventFilter(choice);
    const chosen = ["", "team", "team/a", "team/a/b", "teams"].filter((name) =>
      filter.passes(event({ kind: "repository_created" }, name === "" ? undefined : name)),
    );
    assert.deepEqual(chosen, expected);
  });
}

test("what concerns no repository is in sight of who sees all of them, and of nobody else", () => {
  const finished = event(FACTS.finished ?? assert.fail());
  const damaged = event(FACTS.damaged ?? assert.fail());
  const some = parseEventFilter({}, (repository) => repository === "a");
  const all = parseEventFilter({}, () => true);
  for (const one of [finished, damaged]) {
    assert.equal(some.passes(one), false);
    assert.equal(all.passes(one), true);
    assert.equal(parseEventFilter({}).passes(one), true);
  }
});

test("a filter goes on telling names apart after it has seen many", () => {
  const filter = parseEventFilter({ repositories: ["a*0"] });
  const names = Array.from({ length: 1000 }, (_, index) => `a${index}`);
  for (let round = 0; round < 2; round++) {
    const chosen = names.filter((name) => filter.passes(event({ kind: "repository_created" }, name)));
    assert.deepEqual(
      chosen,
      names.filter((name) => name.endsWith("0")),
    );
  }
});

test("what is no kind, no pattern or too much is refused", () => {
  const refused = (choice: EventChoice, code: string, text: RegExp) =>
    assert.throws(
      () => parseEventFilter(choice),
      (error: RegistryError) => error.code === code && text.test(error.message),
    );
  refused({ kinds: ["tag_moved", "x"] }, "KIND_INVALID", /"x" is not one of .*tag_moved/);
  refused({ tags: ["a\\"] }, "FILTER_INVALID", /a\\/);
  refused({ repositories: [""] }, "FILTER_INVALID", /empty/);
  const many = Array.from({ length: 101 }, () => "a");
  for (const member of ["repositoryPrefixes", "repositories", "mediaTypes", "artifactTypes", "tags"])
    refused({ [member]: many }, "FILTER_INVALID", /has 101 entries; at most 100/);
  refused({ kinds: many }, "FILTER_INVALID", /has 101 entries/);
  parseEventFilter({ tags: many.slice(1) });
});
