// What a rebuild and a restore have to say, in words.
import { NOT_REBUILT, type RebuildItem, type RestoreItem } from "../recovery.ts";
import { formatCount, formatIsoTime, formatQuantity, formatSize, printable } from "./readable.ts";

type Finding = Exclude<RebuildItem, { kind: "progress" | "finished" }>;
type Problem = Extract<Finding, { kind: "journal-problem" }>["problem"];

/** One thing that could not be brought back, or that nobody claims. */
export function rebuildFinding(item: Finding): string {
  switch (item.kind) {
    case "manifest-lost":
      return `lost      manifest ${item.repository}@${item.digest}: ${printable(item.reason)}`;
    case "tag-lost":
      return `lost      tag ${item.repository}:${item.tag}, which pointed to ${item.digest}`;
    case "blob-lost":
      return `damaged   blob ${item.digest} of ${item.repository}: ${item.reason}; pushing it again heals it`;
    case "unclaimed-manifest":
      return `unclaimed manifest ${item.digest} (${printable(item.mediaType)})`;
    case "journal-problem":
      return `journal   ${journalProblem(item.problem)}`;
    default:
      return item satisfies never;
  }
}

function journalProblem(problem: Problem): string {
  switch (problem.kind) {
    case "no-journal":
      return "there is none: nobody can say which repository had what";
    case "no-checkpoint":
      return "its checkpoint is missing: only what changed of late is known";
    case "checkpoint-cut":
      return "its checkpoint is not whole";
    case "damaged-lines":
      return `${formatQuantity(problem.lines, "damaged line")} in ${printable(problem.path)}`;
    case "gap":
      return `nothing tells of the events behind ${problem.after} and before ${problem.before}`;
    default:
      return problem satisfies never;
  }
}

export function rebuildSummary({
  totals,
  movedTo,
}: Extract<RebuildItem, { kind: "finished" }>): readonly string[] {
  const { repositories, manifests, tags, links, trash, found, unclaimedBlobs, unclaimedManifests } = totals;
  const place = repositories === 1 ? "1 repository" : `${formatCount(repositories)} repositories`;
  const [manifestCount, tagCount] = [formatQuantity(manifests, "manifest"), formatQuantity(tags, "tag")];
  const lost = [
    formatQuantity(totals.lostManifests, "manifest"),
    formatQuantity(totals.lostTags, "tag"),
    formatQuantity(totals.lostBlobs, "blob"),
  ];
  return [
    `Rebuilt ${place}: ${manifestCount} (and ${formatCount(trash)} in the trash), ${tagCount}, ${formatQuantity(links, "link")}`,
    ...(found > 0 ? [`Found although the journal did not tell: ${formatCount(found)}`] : []),
    `Lost or damaged: ${lost.join(", ")}`,
    `Stored, but nobody's: ${formatQuantity(unclaimedBlobs, "blob")} (${formatSize(totals.unclaimedBytes)}), ` +
      `of them ${formatQuantity(unclaimedManifests, "manifest")}`,
    ...(movedTo === undefined ? [] : [`The catalogue from before is in ${movedTo}`]),
    ...NOT_REBUILT.map((what) => `Does not come back: ${what}`),
  ];
}

/** What to do about missing blobs. */
export const MISSING_ADVICE: readonly string[] = [
  "Run `stowage fsck --repair` once the registry is started (or with --offline): it marks them, and the",
  "next push of these images heals them. Or copy blobs/ back first.",
];

export function restoreLines(item: Exclude<RestoreItem, { kind: "progress" }>): readonly string[] {
  switch (item.kind) {
    case "header": {
      const { time, lastSequence, stowage, withSecrets } = item.header;
      const secrets = withSecrets ? "" : "; without tokens and the keys that sign them";
      return [
        `A snapshot of ${formatIsoTime(time)}, at event ${lastSequence}, by Stowage ${printable(stowage)}${secrets}`,
      ];
    }
    case "restored":
      return [
        `Restored ${formatQuantity(item.rows, "row")}`,
        ...(item.movedTo === undefined ? [] : [`The catalogue from before is in ${item.movedTo}`]),
        ...(item.journal === undefined ? [] : [`The journal from before is in ${item.journal}`]),
      ];
    case "missing": {
      const has = item.actualSize === undefined ? "is missing" : `has ${item.actualSize} bytes instead of`;
      return [
        `missing   blob ${item.digest} ${has} (${item.size} bytes)`,
        ...item.usedBy.map(
          ({ repository, manifest, tags }) => `          ${userText(repository, manifest, tags)}`,
        ),
        ...(item.truncated ? ["          and others"] : []),
      ];
    }
    case "finished":
      return [
        `${formatQuantity(item.blobs, "blob")} compared: ${formatCount(item.missing)} missing`,
        `Stored, but not in the snapshot: ${formatQuantity(item.unknown.blobs, "blob")} (${formatSize(item.unknown.bytes)})`,
      ];
    default:
      return item satisfies never;
  }
}

function userText(repository: string, manifest: string | undefined, tags: readonly string[]): string {
  if (manifest === undefined) return `linked by ${repository}`;
  return `needed by ${repository}@${manifest}${tags.length === 0 ? "" : ` (${tags.join(", ")})`}`;
}
