// What retention decides, for people: a table for each repository, and what it comes to.
import type {
  ManifestDecision,
  RetentionProgress,
  RetentionSummary,
  TagDecision,
} from "../gen/stowage/v1/maintenance_pb.ts";
import type {
  ApplyRetentionResponse,
  SimulateRetentionResponse,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { Cell } from "./cell.ts";
import { printLines } from "./print.ts";
import { formatBytes, formatQuantity, printable } from "./readable.ts";
import { digestCell } from "./short-digest.ts";
import { tableLines } from "./table.ts";
import { createView, type View } from "./view.ts";
import type { World } from "./world.ts";

export type RetentionItem = SimulateRetentionResponse["item"] | ApplyRetentionResponse["item"];

/** What happens to what the rules do not keep. */
export type Doing = "would delete" | "deleted";

export function retentionProgressText(progress: RetentionProgress): string {
  const { repository, repositories, deletedTags, deletedManifests } = progress;
  const gone = `${formatQuantity(deletedTags, "tag")} and ${formatQuantity(deletedManifests, "manifest")} to go`;
  return `${formatQuantity(repositories, "repository", "repositories")} looked at, ${gone}  ${repository}`;
}

/** Collects the decisions about a repository, which come together. */
export class RetentionPrinter {
  readonly #world: World;
  readonly #view: View;
  readonly #doing: Doing;
  #repository = "";
  #rows: Cell[][] = [];

  constructor(world: World, doing: Doing) {
    this.#world = world;
    this.#view = createView(world);
    this.#doing = doing;
  }

  async tell(item: RetentionItem): Promise<void> {
    switch (item.case) {
      case "tag":
        return this.#add(item.value.repository, tagRow(item.value));
      case "manifest":
        return this.#add(item.value.repository, manifestRow(item.value));
      case "finished":
        await this.#printRepository();
        return printLines(this.#world.out, summaryLines(this.#view, item.value, this.#doing));
      default:
        return;
    }
  }

  async #add(repository: string, row: Cell[]): Promise<void> {
    if (repository !== this.#repository) await this.#printRepository();
    this.#repository = repository;
    this.#rows.push(row);
  }

  async #printRepository(): Promise<void> {
    if (this.#rows.length === 0) return;
    const table = tableLines({ ...this.#view, width: this.#view.width - 2 }, COLUMNS, this.#rows);
    const heading = this.#view.paint("bold", printable(this.#repository));
    await printLines(this.#world.out, [heading, ...table.map((line) => `  ${line}`), ""]);
    this.#rows = [];
  }
}

const COLUMNS = [
  { title: "" },
  { title: "TAG", cut: "middle" as const },
  { title: "DIGEST" },
  { title: "SIZE", alignRight: true },
  { title: "RULE", cut: "end" as const },
  { title: "WHY", cut: "end" as const },
];

function tagRow({ tag, digest, size, kept, rule, reason }: TagDecision): Cell[] {
  return [verdict(kept), tag, digestCell(digest), formatBytes(size), rule === "" ? "-" : rule, reason];
}

function manifestRow({ digest, kept, rule, reason }: ManifestDecision): Cell[] {
  return [verdict(kept), "-", digestCell(digest), "", rule === "" ? "-" : rule, reason];
}

function verdict(kept: boolean): Cell {
  return kept ? { text: "keep", style: "dim" } : { text: "DELETE", style: "red" };
}

/** So many repositories are named. */
const MOST = 100;

function summaryLines(view: View, summary: RetentionSummary, doing: Doing): readonly string[] {
  const { repositories, keptTags, deletedTags, deletedManifests, freedBytes, logicalBytes } = summary;
  const looked = `${formatQuantity(repositories, "repository", "repositories")} looked at`;
  const kept = `${formatQuantity(keptTags, "tag")} kept`;
  if (repositories === 0n) return ["Nothing goes: no rule says anything about these repositories."];
  if (deletedTags + deletedManifests === 0n) return [`Nothing goes: ${looked}, ${kept}.`];
  const gone = `${formatQuantity(deletedTags, "tag")} and ${formatQuantity(deletedManifests, "manifest")}`;
  const isDone = doing === "deleted";
  const isShared = freedBytes < logicalBytes;
  const rest = isShared ? ` (of ${formatBytes(logicalBytes)}; the rest is used elsewhere)` : "";
  const bytes = `${formatBytes(freedBytes)} on the disk${rest}`;
  return [
    `${isDone ? "Deleted" : "Would delete"} ${gone}: ${looked}, ${kept}.`,
    isDone
      ? `This frees ${bytes} once it leaves the trash; until then it can be brought back.`
      : `That would free ${bytes} once it left the trash.`,
    ...emptiedLines(view, summary, isDone),
  ];
}

function emptiedLines(view: View, { emptiedRepositories }: RetentionSummary, isDone: boolean): string[] {
  if (emptiedRepositories.length === 0) return [];
  const count = formatQuantity(emptiedRepositories.length, "repository", "repositories");
  const rest = emptiedRepositories.length - MOST;
  const title = isDone ? `EMPTIED: ${count}, with nothing left` : `EMPTY: nothing would be left of ${count}`;
  return [
    view.paint("red", `${title}:`),
    ...emptiedRepositories.slice(0, MOST).map((name) => `  ${printable(name)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}
