// The rules over stores in memory, with a clock that stands still until it is moved.
import { v7 } from "uuid";
import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "../../src/blobs/memory-upload-store.ts";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, type CoreOptions, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import type { Digest } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import type { RepositoryName } from "../../src/oci/reference.ts";

export interface Study {
  readonly core: Core;
  readonly context: CoreContext;
  readonly clock: { time: number };
}

/** The process that writes the events. */
export const SOURCE = { address: "test:5000", instanceId: "0191e000-0000-7000-8000-000000000000" };

export async function withCore(
  options: Partial<CoreOptions>,
  run: (study: Study) => Promise<void>,
): Promise<void> {
  const clock = { time: Date.now() };
  const now = () => clock.time;
  let ids = 0;
  // In their order, as in the program, also within a millisecond.
  const newId = () => v7({ msecs: clock.time, seq: ++ids });
  const blobs = new MemoryBlobStore();
  const uploads = new MemoryUploadStore({ blobs, now });
  const metadata = new Catalogue(await openMemoryEngine());
  const context: CoreContext = {
    blobs,
    uploads,
    metadata,
    holds: new DigestHolds(),
    now,
    newId,
    listener: new Bridge({ now, newId, source: SOURCE }),
    options: { ...DEFAULT_CORE_OPTIONS, ...options },
  };
  try {
    await run({ core: createCore(context), context, clock });
  } finally {
    await metadata.close();
  }
}

/** True for an error of ours with the code. */
export const has = (code: string) => (error: RegistryError) => error.code === code;

/** The bytes of a blob as whoever pulls it gets them. */
export async function pullBlob({ blobs }: Core, repository: RepositoryName, digest: Digest): Promise<Buffer> {
  const descriptor = await blobs.stat(repository, digest);
  const signal = AbortSignal.timeout(5000);
  const { first, rest } = await blobs.open(repository, descriptor, { offset: 0 }, signal);
  const chunks: Buffer[] = [];
  for (let next = first; next.done !== true; next = await rest.next()) chunks.push(Buffer.from(next.value));
  return Buffer.concat(chunks);
}
