// Writes usage rows anew from the cards, where nobody else uses the catalogue.
import type { Key } from "../metadata/keys.ts";
import { type Change, type MetadataStore, put, remove } from "../metadata/metadata-store.ts";
import { storedKey, usages, usagesBelow } from "../metadata/usage-keys.ts";
import type { UsageRecord } from "../metadata/usage-record.ts";
import { UsageRecount } from "./usage-recount.ts";
import { namePages } from "./walk.ts";

/** Rows per commit. */
const BATCH = 2000;

/** Resolves to how many rows were written. What was counted before does not matter; when it is interrupted, it begins anew. */
export async function rewriteUsage(metadata: MetadataStore, signal?: AbortSignal): Promise<number> {
  for (const prefix of [usages, usagesBelow])
    for await (const page of namePages(metadata, prefix, signal))
      await metadata.commit({ changes: page.map((name) => remove({ text: prefix.text + name })) });
  const recount = new UsageRecount();
  for await (const _ of recount.count(metadata, signal)) signal?.throwIfAborted();
  const rows = [...recount.rows()].map(([text, row]): Change => {
    const key: Key<UsageRecord> = { text };
    return put(key, row);
  });
  const { stored } = recount;
  rows.push(stored.blobs === 0 ? remove(storedKey) : put(storedKey, stored));
  for (let first = 0; first < rows.length; first += BATCH)
    await metadata.commit({ changes: rows.slice(first, first + BATCH) });
  return rows.length;
}
