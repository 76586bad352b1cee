// A registry full of images, made through the rules that a push runs, with the bytes
// of every blob in the cellar: some of the images deleted, and their time over.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { v7 as newId } from "uuid";
import type { BlobStore } from "../../src/blobs/blob-store.ts";
import { blobPath } from "../../src/blobs/paths.ts";
import { linkAdopted } from "../../src/core/adopted-blobs.ts";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import { NOBODY } from "../../src/core/origin.ts";
import type { Place } from "../../src/core/references.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { dueEntryOf } from "../../src/metadata/due.ts";
import { due } from "../../src/metadata/keeping-keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { remove } from "../../src/metadata/metadata-store.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag, type RepositoryName } from "../../src/oci/reference.ts";
import { dataFolder } from "../../src/stores.ts";
import { BlobCardsOnly, UploadCardsOnly } from "../cards-only.ts";

/** How many images are made at once. They share synced writes. */
const AT_ONCE = 512;

/** How long ago images were pushed, and deleted: longer than the trash keeps them. */
const AGE_MS = 40 * 24 * 60 * 60 * 1000;

/** So many images of a repository have one base layer. */
const SHARED = 3;

export interface StorePlan {
  /** What storage.filesystem.rootdirectory says. */
  readonly folder: string;
  readonly repositories: number;
  readonly images: number;
  /** So many of them are deleted, all over the repositories. */
  readonly deleted: number;
}

export interface FilledStore {
  readonly blobs: number;
  readonly manifests: number;
  /** Every so manieth of the images that stay. */
  readonly sample: readonly { readonly repository: RepositoryName; readonly tag: string }[];
}

/** Blobs that are written without waiting for the disk. */
class HastyCellar extends BlobCardsOnly {
  readonly #root: string;
  readonly #shards = new Set<string>();

  constructor(root: string) {
    super();
    this.#root = root;
  }

  override async put(digest?: Digest, content?: Uint8Array): Promise<void> {
    if (digest === undefined || content === undefined) return;
    const path = blobPath(this.#root, digest);
    const shard = dirname(path);
    if (!this.#shards.has(shard)) mkdirSync(shard, { recursive: true });
    this.#shards.add(shard);
    writeFileSync(path, content);
  }
}

export async function fillStore(plan: StorePlan, signal: AbortSignal): Promise<FilledStore> {
  const root = dataFolder(plan.folder);
  const metadata = new Catalogue(await LevelEngine.open(join(root, "metadata")));
  const cellar = new HastyCellar(root);
  try {
    const now = () => Date.now() - AGE_MS;
    const context: CoreContext = {
      blobs: cellar as BlobStore,
      uploads: new UploadCardsOnly(),
      metadata,
      holds: new DigestHolds(),
      now,
      newId,
      listener: new Bridge({ now, newId, source: { address: "bench", instanceId: newId() } }),
      options: { ...DEFAULT_CORE_OPTIONS, deleteEnabled: true },
    };
    return await new Filling(plan, context, cellar).run(signal);
  } finally {
    await metadata.close();
  }
}

class Filling {
  readonly #plan: StorePlan;
  readonly #context: CoreContext;
  readonly #core: Core;
  readonly #cellar: HastyCellar;
  readonly #sample: { repository: RepositoryName; tag: string }[] = [];
  readonly #going: Place[] = [];

  constructor(plan: StorePlan, context: CoreContext, cellar: HastyCellar) {
    this.#plan = plan;
    this.#context = context;
    this.#core = createCore(context);
    this.#cellar = cellar;
  }

  async run(signal: AbortSignal): Promise<FilledStore> {
    const { images } = this.#plan;
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < images) {
        signal.throwIfAborted();
        const number = next++;
        if (number > 0 && number % 50_000 === 0)
          process.stderr.write(`  ${number.toLocaleString("en-US")} images\n`);
        await this.#image(number);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await this.#lookAtAll();
    for (const { repository, digest } of this.#going)
      await this.#core.manifests.delete(repository, digest, NOBODY);
    const bases = Math.ceil(images / SHARED);
    return { blobs: images * 3 + bases, manifests: images, sample: this.#sample };
  }

  async #image(number: number): Promise<void> {
    const { repositories, images, deleted } = this.#plan;
    const repository = parseRepositoryName(`team${number % 50}/app${number % repositories}`);
    const order = Math.floor(number / repositories);
    const [config, base, layer] = await Promise.all([
      this.#blob(repository, `config ${number}`),
      this.#blob(repository, `base ${number % repositories} ${Math.floor(order / SHARED)}`),
      this.#blob(repository, `layer ${number} ${"x".repeat(number % 2000)}`),
    ]);
    const tag = `v${order}`;
    const content = imageManifest([config, base, layer]);
    const push = { repository, mediaType: OCI_IMAGE_MANIFEST, content, tags: [parseTag(tag)] };
    const { descriptor } = await this.#core.manifests.put(push, NOBODY);
    const goes = Math.floor((number * deleted) / images) !== Math.floor(((number + 1) * deleted) / images);
    if (goes) this.#going.push({ repository, digest: descriptor.digest });
    else if (number % 307 === 0) this.#sample.push({ repository, tag });
  }

  /** A registry that runs has looked at what was pushed forty days ago, and found that it is needed. */
  async #lookAtAll(): Promise<void> {
    const { metadata, now, options } = this.#context;
    const until = now() + options.graceMs;
    for (;;) {
      const entries = await metadata.page(due, { limit: 10_000, namesOnly: true });
      const past = entries.filter(({ name }) => dueEntryOf(name).time <= until);
      if (past.length === 0) return;
      await metadata.commit({ changes: past.map(({ name }) => remove({ text: due.text + name })) });
    }
  }

  async #blob(repository: RepositoryName, text: string): Promise<Descriptor> {
    const content = Buffer.from(text);
    const digest = digestOf(content);
    const place = async () => {
      await this.#cellar.put(digest, content);
      return content.length;
    };
    await linkAdopted(this.#context, { repository, digest }, place, NOBODY);
    return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: content.length };
  }
}

function imageManifest([config, ...layers]: readonly Descriptor[]): Uint8Array {
  const configured = { ...config, mediaType: "application/vnd.oci.image.config.v1+json" };
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config: configured, layers }),
  );
}
