// Counts everything again, naively, from the cards alone and from what the manifests say, and compares: the holders
// index, the counters, the list of what is due, the indexes of tags and referrers, and the bytes.
import assert from "node:assert/strict";
import type { LinkRecord, ManifestRecord, TagRecord, UploadRecord } from "../../src/metadata/records.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import type { RepositoryName } from "../../src/oci/reference.ts";
import { rowsBelow, type Subject } from "./observe.ts";
import { recountCards } from "./recount-cards.ts";

/** What a manifest says that matters here. */
interface Said {
  readonly named: readonly string[];
  readonly subject: string | undefined;
}

interface Place {
  readonly repository: string;
  readonly digest: string;
}

/** Throws what is wrong. */
export async function recount(subject: Subject): Promise<void> {
  const links = placesOf(await rowsBelow<LinkRecord>(subject, "l/"));
  const live = placesOf(await rowsBelow<ManifestRecord>(subject, "m/"));
  const trash = placesOf(await rowsBelow<unknown>(subject, "M/"));
  const manifests = [...live, ...trash];
  const said = new Map<string, Said>();
  for (const { digest } of manifests) said.set(digest, await readManifest(subject, digest));
  const namedBy = ({ digest }: Place) => said.get(digest)?.named ?? [];

  const holders = new Set([
    ...links.map(({ repository, digest }) => `${digest} ${repository} `),
    ...manifests.flatMap((place) =>
      [place.digest, ...namedBy(place)].map((held) => `${held} ${place.repository} ${place.digest}`),
    ),
  ]);
  const index = await rowsBelow<unknown>(subject, "H/");
  const found = index.map(({ parts: [digest, repository, manifest] }) =>
    [digest, repository.replaceAll("\x01", "/"), manifest].join(" "),
  );
  assert.deepEqual(found.toSorted(), [...holders].toSorted(), "holders");
  await compareCounters(
    subject,
    "n/held/",
    [...holders].map((holder) => holder.split(" ")[0] ?? ""),
  );
  const named = manifests.flatMap((place) => namedBy(place).map((digest) => `${place.repository} ${digest}`));
  await compareCounters(subject, "n/named/", named);
  await compareCounters(
    subject,
    "n/contents/",
    [...links, ...manifests].map(({ repository }) => repository),
  );
  const uploads = await rowsBelow<UploadRecord>(subject, "u/");
  await compareCounters(
    subject,
    "n/uploads/",
    uploads.map(({ record }) => record.repository),
  );
  await compareCounters(
    subject,
    "c/",
    live.map(({ repository }) => repository),
  );

  await recountCards(subject);
  await compareTags(subject, live);
  await compareReferrers(subject, live, said);
  await compareCatalog(subject, live);
  await compareDue(subject, {
    links,
    trash,
    named: new Set(named),
    holders: index.map(({ parts }) => parts[0]),
  });
  const held = new Set([
    ...links.map(({ digest }) => digest),
    ...manifests.flatMap((place) => [place.digest, ...namedBy(place)]),
  ]);
  await compareBytes(subject, held);
}

function placesOf(rows: readonly { readonly parts: readonly [string, string, string] }[]): readonly Place[] {
  return rows.map(({ parts: [repository, digest] }) => ({ repository, digest }));
}

/** From the cellar, which is what everything can be made again from. */
async function readManifest({ context }: Subject, digest: string): Promise<Said> {
  const content = await context.blobs.get(digest as Digest);
  assert.ok(content !== undefined, `the bytes of manifest ${digest} are gone`);
  const document = JSON.parse(Buffer.from(content).toString()) as Record<string, unknown>;
  const {
    config,
    layers = [],
    manifests = [],
    subject,
  } = document as {
    config?: { digest: string };
    layers?: { digest: string }[];
    manifests?: { digest: string }[];
    subject?: { digest: string };
  };
  const named = [...(config === undefined ? [] : [config]), ...layers, ...manifests];
  return { named: [...new Set(named.map((one) => one.digest))], subject: subject?.digest };
}

/** Each thing counts one for its name. */
async function compareCounters(subject: Subject, prefix: string, things: readonly string[]): Promise<void> {
  const expected = new Map<string, number>();
  for (const thing of things) expected.set(thing, (expected.get(thing) ?? 0) + 1);
  const rows = await rowsBelow<number>(subject, prefix);
  const found = rows.map(({ parts, record }) => [parts.join(" ").trim(), record] as const);
  assert.deepEqual(sorted(new Map(found)), sorted(expected), prefix);
}

function sorted(map: ReadonlyMap<string, unknown>): readonly (readonly [string, unknown])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

async function compareTags(subject: Subject, live: readonly Place[]): Promise<void> {
  const manifests = new Set(live.map(({ repository, digest }) => `${repository} ${digest}`));
  const tags = await rowsBelow<TagRecord>(subject, "t/");
  for (const { parts, record } of tags)
    assert.ok(manifests.has(`${parts[0]} ${record.digest}`), `tag ${parts.join(" ")} dangles`);
  const index = await rowsBelow<unknown>(subject, "g/");
  assert.deepEqual(
    index.map(({ parts }) => parts.join(" ")).toSorted(),
    tags.map(({ parts, record }) => `${parts[0]} ${record.digest} ${parts[1]}`).toSorted(),
    "tags of manifests",
  );
}

async function compareReferrers(
  subject: Subject,
  live: readonly Place[],
  said: ReadonlyMap<string, Said>,
): Promise<void> {
  const bySubject = Map.groupBy(
    live,
    ({ repository, digest }) => `${repository} ${said.get(digest)?.subject}`,
  );
  let count = 0;
  for (const [name, referrers] of bySubject) {
    const [repository = "", of = ""] = name.split(" ");
    if (of === "undefined") continue;
    const request = { limit: 1000 };
    const { items } = await subject.core.listReferrers(repository as RepositoryName, of as Digest, request);
    const expected = referrers.map(({ digest }) => digest).toSorted();
    assert.deepEqual(
      items.map(({ digest }) => digest),
      expected,
      `referrers of ${of}`,
    );
    count += expected.length;
  }
  assert.equal((await rowsBelow(subject, "f/")).length, count, "referrers of nothing");
}

async function compareCatalog({ core }: Subject, live: readonly Place[]): Promise<void> {
  const byComponents = (name: string) => name.replaceAll("/", "\x01");
  const expected = [...new Set(live.map(({ repository }) => repository))].toSorted((a, b) =>
    byComponents(a) < byComponents(b) ? -1 : 1,
  );
  assert.deepEqual((await core.listRepositories({ limit: 1000 })).items, expected, "catalog");
}

/** Whatever may have to go is on the list. */
async function compareDue(
  subject: Subject,
  there: {
    readonly links: readonly Place[];
    readonly trash: readonly Place[];
    readonly named: ReadonlySet<string>;
    readonly holders: readonly string[];
  },
): Promise<void> {
  const listed = new Set<string>();
  const entries = await subject.context.metadata.page({ text: "z/" }, { limit: 100_000, namesOnly: true });
  for (const { name } of entries) listed.add(name.split("\0").slice(1, -1).join(" ").replaceAll("\x01", "/"));
  const expected = [
    ...there.links
      .map(({ repository, digest }) => `${repository} ${digest}`)
      .filter((place) => !there.named.has(place))
      .map((place) => `l ${place}`),
    ...there.trash.map(({ repository, digest }) => `m ${repository} ${digest}`),
    ...(await rowsBelow(subject, "T/")).map(({ parts }) => `h ${parts.join(" ")}`),
  ];
  const held = new Set(there.holders);
  for (const { parts } of await rowsBelow(subject, "b/"))
    if (!held.has(parts[0])) expected.push(`b ${parts[0]}`);
  for (const thing of expected) assert.ok(listed.has(thing), `${thing} is not on the list of what is due`);
}

/** What is held is there, if it ever was; what is there is what it is called; copies beside the cards are right. */
async function compareBytes(subject: Subject, held: ReadonlySet<string>): Promise<void> {
  const { context } = subject;
  const cards = new Set((await rowsBelow(subject, "b/")).map(({ parts }) => parts[0]));
  for (const digest of new Set([...held, ...cards])) {
    const content = await context.blobs.get(digest as Digest);
    if (content === undefined) assert.ok(!cards.has(digest), `the bytes of ${digest} are gone`);
    else assert.equal(digestOf(content), digest);
  }
  for (const { parts, record } of await rowsBelow<Uint8Array>(subject, "p/")) {
    assert.ok(cards.has(parts[0]), `a copy of ${parts[0]} is left`);
    assert.equal(digestOf(record), parts[0]);
  }
}
