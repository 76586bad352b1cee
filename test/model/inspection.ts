// What is asked of a registry's stores between the steps.
import { findings } from "../maintenance/checking.ts";
import type { Subject } from "./observe.ts";
import { recount } from "./recount.ts";

/** What recounting and fsck find, in words. Files without a card are expected where they are said to be stray. */
export async function problemsOf(subject: Subject, strays: readonly string[]): Promise<readonly string[]> {
  const found = await findings(subject.context);
  const others = found.filter(
    ({ what, digest }) => what !== "blob-unclaimed" || !strays.includes(digest ?? ""),
  );
  const recounted = await recount(subject).then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  );
  return [...recounted, ...others.map((finding) => JSON.stringify(finding))];
}

export async function repairAll({ context }: Subject): Promise<void> {
  await findings(context, { repair: true });
}

export async function remainsOf({ context }: Subject, letters: string): Promise<readonly string[]> {
  const rows: string[] = [];
  for (const letter of letters) {
    const prefix = { text: `${letter}/` };
    const entries = await context.metadata.page(prefix, { limit: 1000, namesOnly: true });
    rows.push(...entries.map(({ name }) => prefix.text + name));
  }
  for await (const { digest } of context.blobs.list()) rows.push(digest);
  return rows;
}
