// Opens the stores of a registry that does not run, and compares every card of the catalogue with the others and
// with the files of the cellar.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineEntry } from "../../src/metadata/engine.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { type DigestAlgorithm, digestOf } from "../../src/oci/digest.ts";

/** Up to this size, in bytes, a manifest also lies beside its card. */
const INLINE_LIMIT = 256 * 1024;

/** What was found. */
export interface StoreAudit {
  /** One sentence for each thing that is wrong. */
  readonly problems: readonly string[];
  /** How many rows of each kind there are, and how many blob files nothing mentions. */
  readonly found: Readonly<Record<string, number>>;
}

/** Rows by what stands behind the prefix of their keys. */
type Rows = ReadonlyMap<string, Uint8Array>;

/** The folder is the one that holds metadata, blobs and uploads. */
export async function auditStores(folder: string): Promise<StoreAudit> {
  const rows = await readRows(join(folder, "metadata"));
  const kind = (letter: string): Rows => rows.get(letter) ?? new Map();
  const files = await readBlobFiles(join(folder, "blobs"));
  const uploads = await readdir(join(folder, "uploads"));
  const leftovers = await readdir(join(folder, "tmp"));
  const problems = [
    ...checkBlobs(kind("b"), files),
    ...checkOwners(kind("l"), kind("b"), "link"),
    ...checkOwners(kind("m"), kind("b"), "manifest"),
    ...checkContents(kind("p"), kind("m")),
    ...checkTags(kind("t"), kind("g"), kind("m")),
    ...checkCounts(kind("c"), kind("m")),
    ...checkEvents(kind("e"), kind("s")),
    ...uploads.filter((id) => !kind("u").has(id)).map((id) => `upload ${id} has bytes and no session`),
    ...leftovers.map((name) => `tmp/${name} was left behind`),
  ];
  const counts = [...rows].map(([letter, found]) => [letter, found.size] as const);
  const unmentioned = [...files.keys()].filter((digest) => !kind("b").has(digest)).length;
  return { problems, found: { ...Object.fromEntries(counts), unmentioned, uploadFiles: uploads.length } };
}

async function readRows(location: string): Promise<ReadonlyMap<string, Rows>> {
  const engine = await LevelEngine.open(location);
  try {
    const entries = await engine.scan({ from: "a/", to: "z/", limit: 1_000_000 });
    return new Map(
      [...Map.groupBy(entries, ({ key }) => key.slice(0, 1))].map(([letter, found]) => [
        letter,
        named(found),
      ]),
    );
  } finally {
    await engine.close();
  }
}

function named(entries: readonly EngineEntry[]): Rows {
  return new Map(entries.map(({ key, value }) => [key.slice(2), value]));
}

/** The files by digest, hashed: the size of each, or undefined when its bytes are not what its name says. */
async function readBlobFiles(folder: string): Promise<ReadonlyMap<string, number | undefined>> {
  const found = new Map<string, number | undefined>();
  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const shard of await readdir(join(folder, algorithm)))
      for (const hex of await readdir(join(folder, algorithm, shard)))
        found.set(
          `${algorithm}:${hex}`,
          await wholeSize(join(folder, algorithm, shard, hex), algorithm, hex),
        );
  }
  return found;
}

async function wholeSize(path: string, algorithm: DigestAlgorithm, hex: string): Promise<number | undefined> {
  const content = await readFile(path);
  return digestOf(content, algorithm) === `${algorithm}:${hex}` ? content.length : undefined;
}

/** Files without a card may be left by a crash, but even they must be whole. */
function* checkBlobs(blobs: Rows, files: ReadonlyMap<string, number | undefined>): Generator<string> {
  for (const [digest, size] of files)
    if (size === undefined) yield `the file of ${digest} has another digest`;
  for (const [digest, row] of blobs) {
    const { size } = record(row);
    if (files.get(digest) !== size)
      yield `blob ${digest} of ${size} bytes has a file of ${files.get(digest)}`;
  }
}

/** What a repository sees must have a blob of the same size. */
function* checkOwners(owners: Rows, blobs: Rows, what: string): Generator<string> {
  for (const [name, row] of owners) {
    const blob = blobs.get(part(name, 1));
    if (blob === undefined) yield `${what} ${shown(name)} has no blob`;
    else if (record(blob).size !== record(row).size)
      yield `${what} ${shown(name)} has a blob of another size`;
  }
}

function* checkContents(contents: Rows, manifests: Rows): Generator<string> {
  for (const [digest, content] of contents)
    if (digestOf(content, digest.startsWith("sha512") ? "sha512" : "sha256") !== digest)
      yield `the content beside manifest ${digest} has another digest`;
  for (const [name, row] of manifests)
    if (Number(record(row).size) <= INLINE_LIMIT && !contents.has(part(name, 1)))
      yield `manifest ${shown(name)} has no content beside it`;
}

/** Each tag points to a manifest, and the index of a manifest's tags says the same. */
function* checkTags(tags: Rows, tagsOfManifests: Rows, manifests: Rows): Generator<string> {
  const expected = new Set<string>();
  for (const [name, row] of tags) {
    const repository = part(name, 0);
    const manifest = `${repository}\0${record(row).digest}`;
    if (!manifests.has(manifest)) yield `tag ${shown(name)} points to nothing`;
    expected.add(`${manifest}\0${part(name, 1)}`);
  }
  for (const name of expected) if (!tagsOfManifests.has(name)) yield `the index lacks ${shown(name)}`;
  for (const name of tagsOfManifests.keys()) if (!expected.has(name)) yield `the index has ${shown(name)}`;
}

function* checkCounts(counters: Rows, manifests: Rows): Generator<string> {
  const actual = Map.groupBy(manifests.keys(), (name) => part(name, 0));
  for (const repository of new Set([...actual.keys(), ...counters.keys()])) {
    const counted = Number(Buffer.from(counters.get(repository) ?? "0").toString());
    const there = actual.get(repository)?.length ?? 0;
    if (counted !== there) yield `${shown(repository)} has ${there} manifests and counts ${counted}`;
  }
}

function* checkEvents(events: Rows, state: Rows): Generator<string> {
  let last = 0;
  for (const sequence of events.keys()) {
    if (Number(sequence) !== ++last) yield `event ${Number(sequence)} stands where ${last} should`;
  }
  const said = Number(Buffer.from(state.get("events") ?? "0").toString());
  if (said !== last) yield `the log says that it ends at ${said}, and ends at ${last}`;
}

/** Records are JSON behind the version of their form. */
function record(row: Uint8Array): { readonly size?: number; readonly digest?: string } {
  return JSON.parse(Buffer.from(row).toString().slice(1));
}

function part(name: string, index: number): string {
  return name.split("\0")[index] ?? "";
}

function shown(name: string): string {
  return name.replaceAll("\0", " ").replaceAll("\x01", "/");
}
