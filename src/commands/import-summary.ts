// What an import has done, in words.
import type { ImportCounts, ImportItem } from "../import-distribution.ts";
import { formatCount, formatQuantity, formatSize } from "./readable.ts";

/** Where it is now. */
export function progressText({ counts, repository }: Extract<ImportItem, { kind: "progress" }>): string {
  const { blobs, bytes, manifests, tags } = counts;
  const size = formatSize(bytes.linked + bytes.copied);
  const done = [
    `${formatQuantity(blobs.linked + blobs.copied, "blob")} (${size})`,
    formatQuantity(manifests, "manifest"),
    formatQuantity(tags, "tag"),
  ];
  return `${done.join(", ")}  ${repository ?? ""}`;
}

export function summaryLines(
  counts: ImportCounts,
  { dryRun }: { readonly dryRun: boolean },
): readonly string[] {
  const { repositories, tags, manifests, links, present, blobs, bytes, problems, notes } = counts;
  const done = dryRun ? "Would import" : "Imported";
  const what = [
    formatQuantity(tags, "tag"),
    formatQuantity(manifests, "manifest"),
    formatQuantity(links, "link"),
  ];
  const here = [
    formatQuantity(present.tags, "tag"),
    formatQuantity(present.manifests, "manifest"),
    formatQuantity(present.links, "link"),
  ];
  return [
    `${done} from ${repositories === 1 ? "1 repository" : `${formatCount(repositories)} repositories`}: ${what.join(", ")}`,
    `Blobs: ${formatCount(blobs.linked)} by hard link (${formatSize(bytes.linked)}), ` +
      `${formatCount(blobs.copied)} copied (${formatSize(bytes.copied)})`,
    `Here before: ${here.join(", ")}`,
    `${formatQuantity(problems, "problem")}, ${formatQuantity(notes, "note")}`,
  ];
}
