// Images in the rules' own hands, and retention over them: what is pushed here went
// through the same commits as a client's.

import assert from "node:assert/strict";
import type { RetentionConditions, RetentionConfig } from "../../src/config/retention.ts";
import { NOBODY } from "../../src/core/origin.ts";
import type { RetentionItem, RetentionSummary } from "../../src/maintenance/retention/items.ts";
import { Retention, type RetentionRequest } from "../../src/maintenance/retention/retention.ts";
import { pullsKey, pullsSinceKey } from "../../src/metadata/keeping-keys.ts";
import { manifestsOf, tagsOf } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag, type RepositoryName } from "../../src/oci/reference.ts";
import type { Study } from "../core/study.ts";

export const DAY = 24 * 60 * 60 * 1000;

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** One repository, to push to. */
export class Shelf {
  readonly repository: RepositoryName;
  readonly #study: Study;
  /** Sizes of what was pushed as a manifest. */
  readonly #sizes = new Map<Digest, number>();

  constructor(study: Study, repository = "a/b") {
    this.#study = study;
    this.repository = parseRepositoryName(repository);
  }

  async blob(text: string) {
    const bytes = Buffer.from(text);
    const { repository } = this;
    const { uploads } = this.#study.core;
    const { id } = await uploads.create(repository);
    await uploads.write({ repository, id }, {}, once(bytes));
    await uploads.commit({ repository, id }, digestOf(bytes), NOBODY);
    return {
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: digestOf(bytes),
      size: bytes.length,
    };
  }

  /** An image whose config and layers are these texts. */
  async image(
    texts: readonly string[],
    { tags = [], subject }: { readonly tags?: readonly string[]; readonly subject?: Digest } = {},
  ): Promise<Digest> {
    const [config, ...layers] = await Promise.all(texts.map((text) => this.blob(text)));
    const pointed = { mediaType: OCI_IMAGE_MANIFEST, digest: subject, size: 1 };
    return this.manifest(
      {
        schemaVersion: 2,
        mediaType: OCI_IMAGE_MANIFEST,
        config,
        layers,
        ...(subject !== undefined && { subject: pointed }),
      },
      tags,
    );
  }

  index(members: readonly Digest[], tags: readonly string[] = []): Promise<Digest> {
    const manifests = members.map((digest) => {
      return { mediaType: OCI_IMAGE_MANIFEST, digest, size: this.#sizes.get(digest) ?? 0 };
    });
    return this.manifest({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }, tags);
  }

  async manifest(
    document: { readonly mediaType: string; readonly [member: string]: unknown },
    tags: readonly string[],
  ): Promise<Digest> {
    const content = Buffer.from(JSON.stringify(document));
    const { repository } = this;
    const { mediaType } = document;
    const { descriptor } = await this.#study.core.manifests.put(
      { repository, mediaType, content, tags: tags.map(parseTag) },
      NOBODY,
    );
    this.#sizes.set(descriptor.digest, descriptor.size);
    return descriptor.digest;
  }

  /** The tags and manifests that are there. */
  async contents(): Promise<{ readonly tags: readonly string[]; readonly manifests: readonly string[] }> {
    const { metadata } = this.#study.context;
    const options = { limit: 1_000_000, namesOnly: true };
    const tags = await metadata.page(tagsOf(this.repository), options);
    const manifests = await metadata.page(manifestsOf(this.repository), options);
    return { tags: tags.map(({ name }) => name), manifests: manifests.map(({ name }) => name) };
  }

  /** As if it had been pulled now. */
  pulled(digest: Digest): Promise<void> {
    const record = { count: 1, lastTime: this.#study.clock.time };
    return this.#study.context.metadata.commit({ changes: [put(pullsKey(this.repository, digest), record)] });
  }
}

/** Pulls are counted from now on. */
export function countPulls({ context, clock }: Study): Promise<void> {
  return context.metadata.commit({ changes: [put(pullsSinceKey, { time: clock.time })] });
}

/** One rule for all tags of all repositories. */
export function keeping(keep: RetentionConditions, untaggedMs?: number): RetentionConfig {
  const rules = [{ name: "the rule", repositories: ["**"], tags: ["*"], keep }];
  return { rules, ...(untaggedMs !== undefined && { untaggedMs }) };
}

export function retentionOf({ context, core }: Study, config?: RetentionConfig): Retention {
  return new Retention({ context, core, config, rate: 0 });
}

/** What a run told. */
export interface Told {
  readonly items: readonly RetentionItem[];
  readonly summary: RetentionSummary;
  /** Each tag: "v1 delete newest 2, beyond 1". */
  readonly tags: readonly string[];
  /** Each manifest: [digest, action, reason]. */
  readonly manifests: readonly (readonly [digest: string, action: string, reason: string])[];
}

export async function collect(run: AsyncIterable<RetentionItem>): Promise<Told> {
  const items = await Array.fromAsync(run);
  const summary = items.find((item) => item.kind === "summary");
  if (summary === undefined) throw new Error("the run did not come to its end");
  const tags = items.flatMap((item) =>
    item.kind === "tag" ? [`${item.tag} ${item.action} ${item.reason}`] : [],
  );
  const manifests = items.flatMap((item) =>
    item.kind === "manifest" ? [[item.digest, item.action, item.reason] as const] : [],
  );
  return { items, summary, tags: tags.toSorted(), manifests };
}

/** What was told without what depends on how far it was: the decisions, in one order. */
function decisions({ items }: Told): readonly string[] {
  return items.flatMap((item) => (item.kind === "progress" ? [] : [JSON.stringify(item)])).toSorted();
}

/** Simulates, applies, and fails unless both tell the same. */
export async function simulateAndApply(
  study: Study,
  config: RetentionConfig,
  request: RetentionRequest = {},
): Promise<{ readonly simulated: Told; readonly applied: Told }> {
  const retention = retentionOf(study, config);
  const simulated = await collect(retention.simulate(request));
  const applied = await collect(retention.apply(request));
  assert.deepEqual(decisions(applied), decisions(simulated));
  return { simulated, applied };
}
