// What lists cost: `npm run bench:listing -- [--tags N] [--repositories N]`. Pages of 100
// out of many, by name, plain and with details, from anywhere in the list and in turn;
// and the same page in other orders, for which the registry reads all there is.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ManifestService, RepositoryOrder, TagOrder } from "../src/gen/stowage/v1/manifest_service_pb.ts";
import { Catalogue } from "../src/metadata/catalogue.ts";
import { pullsKey } from "../src/metadata/keeping-keys.ts";
import { manifestCountKey, repositoryKey, tagKey } from "../src/metadata/keys.ts";
import { LevelEngine } from "../src/metadata/level-engine.ts";
import { add, type Change, type MetadataStore, put, sum } from "../src/metadata/metadata-store.ts";
import { usageKey } from "../src/metadata/usage-keys.ts";
import { digestOf } from "../src/oci/digest.ts";
import { OCI_IMAGE_INDEX } from "../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../src/oci/reference.ts";
import { dataFolder } from "../src/stores.ts";
import { rootDirectory, startStowage } from "./peers.ts";
import { positive } from "./round-options.ts";
import { figure, table } from "./table.ts";
import { inWorkspace } from "./workspace.ts";

const { values } = parseArgs({
  options: {
    tags: { type: "string" },
    repositories: { type: "string" },
    rounds: { type: "string" },
    folder: { type: "string" },
    smoke: { type: "boolean" },
  },
});
const smoke = values.smoke ?? false;
const tags = positive("tags", values.tags ?? (smoke ? "2000" : "100000"));
const repositories = positive("repositories", values.repositories ?? (smoke ? "500" : "10000"));
const rounds = positive("rounds", values.rounds ?? (smoke ? "3" : "300"));

const PAGE = 100;
const BATCH = 1000;
const repository = parseRepositoryName("bench/tags");
const tagName = (number: number) => parseTag(`v${String(number).padStart(7, "0")}`);
const repositoryName = (number: number) => parseRepositoryName(`team${number % 50}/app${number}`);

type Manifests = Client<typeof ManifestService>;

/** Asks for one page; `number` is a different one each time. */
type Ask = (manifests: Manifests, number: number) => Promise<unknown>;

const from = (number: number) => ({ startAfter: tagName((number * 7919) % tags) });
const page = { repository, pageSize: PAGE };

/** In turn, so that the machine's speed is the same for all. */
const BY_NAME: Readonly<Record<string, Ask>> = {
  "tags, names only": (manifests, n) => manifests.listTags({ ...page, ...from(n), namesOnly: true }),
  "tags, plain": (manifests, n) => manifests.listTags({ ...page, ...from(n) }),
  "tags, details": (manifests, n) => manifests.listTags({ ...page, ...from(n), details: true }),
  "repositories, plain": (manifests, n) =>
    manifests.listRepositories({ pageSize: PAGE, startAfter: repositoryName(n % repositories) }),
  "repositories, details": (manifests, n) =>
    manifests.listRepositories({
      pageSize: PAGE,
      startAfter: repositoryName(n % repositories),
      details: true,
    }),
};

const order = { descending: true, details: true };

/** Each reads all. */
const IN_ORDER: Readonly<Record<string, Ask>> = {
  "tags, last pushed first": (manifests) =>
    manifests.listTags({ ...page, ...order, order: TagOrder.UPDATE_TIME }),
  "tags, most pulls first": (manifests) =>
    manifests.listTags({ ...page, ...order, order: TagOrder.PULL_COUNT }),
  "tags, by a name that none has": (manifests) =>
    manifests.listTags({ ...page, filter: { names: ["nothing*"] } }),
  "repositories, largest first": (manifests) =>
    manifests.listRepositories({ pageSize: PAGE, ...order, order: RepositoryOrder.BYTES }),
};

await inWorkspace(values.folder, async (folder, signal) => {
  await fill(folder);
  const server = await startStowage(join(folder, "stowage"));
  try {
    const transport = createConnectTransport({
      baseUrl: server.url,
      httpVersion: "1.1",
      acceptCompression: [],
    });
    const manifests = createClient(ManifestService, transport);
    const rows = [
      ...(await measure(manifests, BY_NAME, rounds, signal)),
      ...(await measure(manifests, IN_ORDER, Math.min(rounds, 9), signal)),
    ];
    const plain = (name: string) => rows.find((row) => row.name === `${name.split(",")[0]}, plain`)?.median;
    process.stdout.write(
      `pages of ${PAGE} of ${tags.toLocaleString("en-US")} tags and of ${repositories.toLocaleString("en-US")} repositories, one client\n`,
    );
    const cells = rows.map(({ name, median }) => [
      name,
      figure(median),
      figure(median / (plain(name) ?? Number.NaN)),
    ]);
    process.stdout.write(table(["page", "ms (median)", "x plain"], cells));
  } finally {
    await server.stop();
  }
});

interface Row {
  readonly name: string;
  readonly median: number;
}

async function measure(
  manifests: Manifests,
  asks: Readonly<Record<string, Ask>>,
  count: number,
  signal: AbortSignal,
): Promise<Row[]> {
  const times = new Map(Object.keys(asks).map((name) => [name, [] as number[]]));
  // The first quarter only warms up.
  for (let round = -Math.ceil(count / 4); round < count; round++)
    for (const [name, ask] of Object.entries(asks)) {
      signal.throwIfAborted();
      const start = performance.now();
      await ask(manifests, Math.abs(round));
      if (round >= 0) times.get(name)?.push(performance.now() - start);
    }
  return [...times].map(([name, all]) => ({
    name,
    median: all.sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN,
  }));
}

/** Cards alone: no list asks for more. A third of the manifests was pulled, and some have two tags. */
async function fill(folder: string): Promise<void> {
  const root = dataFolder(rootDirectory(join(folder, "stowage")));
  const metadata = new Catalogue(await LevelEngine.open(join(root, "metadata")));
  try {
    await metadata.commit({ changes: [put(repositoryKey(repository), { createTime: Date.now() })] });
    await inBatches(metadata, tags, tagCards);
    await inBatches(metadata, repositories, repositoryCards);
  } finally {
    await metadata.close();
  }
}

async function inBatches(
  metadata: MetadataStore,
  count: number,
  cards: (number: number) => readonly Change[],
): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - start) }, (_, index) => start + index);
    await metadata.commit({ changes: numbers.flatMap(cards) });
  }
}

function tagCards(number: number): readonly Change[] {
  const manifest = number - (number % 5 === 0 ? 1 : 0);
  const digest = digestOf(Buffer.from(`manifest ${manifest}`));
  const time = Date.now() - ((number * 104_729) % 1e9);
  const record = {
    digest,
    mediaType: OCI_IMAGE_INDEX,
    size: 1600,
    updateTime: time,
    totalSize: 50_000_000 + ((number * 31) % 1_000_000),
    platforms: ["linux/amd64", "linux/arm64/v8"],
    actor: "robot:ci",
  };
  const pulls = put(pullsKey(repository, digest), { count: (number % 100) + 1, lastTime: time });
  return [put(tagKey(repository, tagName(number)), record), ...(number % 3 === 0 ? [pulls] : [])];
}

function repositoryCards(number: number): readonly Change[] {
  const name = repositoryName(number);
  const pushTime = Date.now() - number;
  const usage = {
    blobs: 9,
    bytes: (number * 7919) % 1e9,
    manifests: 3,
    tags: 3,
    logicalBytes: 2e9,
    pulls: 7,
  };
  return [
    put(repositoryKey(name), { createTime: pushTime }),
    add(manifestCountKey(name), usage.manifests),
    sum(usageKey(name), { ...usage, pushTime, pullTime: pushTime }),
  ];
}
