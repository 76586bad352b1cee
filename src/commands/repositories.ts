// stowage repositories: what there is, and what it takes.
import { type Repository, RepositorySchema } from "../gen/stowage/v1/manifest_pb.ts";
import { RepositoryOrder } from "../gen/stowage/v1/manifest_service_pb.ts";
import type { Cell } from "./cell.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { firstOf, type ListOptions, questionOf } from "./list-options.ts";
import { allPages } from "./pages.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatCount, formatQuantity } from "./readable.ts";
import type { REPOSITORY_ORDERS } from "./repositories-command.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView } from "./view.ts";
import type { World } from "./world.ts";

export interface ListRepositoriesOptions extends KeeperOptions, ListOptions {
  readonly sort: (typeof REPOSITORY_ORDERS)[number];
}

const ORDERS: Readonly<Record<ListRepositoriesOptions["sort"], RepositoryOrder>> = {
  name: RepositoryOrder.NAME,
  size: RepositoryOrder.BYTES,
  tags: RepositoryOrder.TAGS,
  pushed: RepositoryOrder.LAST_PUSH_TIME,
  pulled: RepositoryOrder.LAST_PULL_TIME,
  pulls: RepositoryOrder.PULLS,
};

export async function listRepositories(world: World, options: ListRepositoriesOptions): Promise<void> {
  const { match = [], sort, limit } = options;
  const question = {
    ...questionOf(options),
    order: ORDERS[sort],
    details: true,
    filter: { names: [...match] },
  };
  await askKeeper(world, options, async ({ manifests }) => {
    const repositories = firstOf(
      allPages(
        (pageToken) => manifests.listRepositories({ ...question, pageToken }),
        (page) => page.repositories,
      ),
      limit,
    );
    if (options.json === true) {
      for await (const repository of repositories)
        await printWholeJson(world.out, RepositorySchema, repository);
      return;
    }
    const found = await Array.fromAsync(repositories);
    await printLines(world.out, found.length === 0 ? [nothing(match)] : lines(world, found));
  });
}

function nothing(match: readonly string[]): string {
  return match.length === 0 ? "There are no repositories." : "No repository has such a name.";
}

function lines(world: World, repositories: readonly Repository[]): string[] {
  const view = createView(world);
  const columns = [
    { title: "REPOSITORY", cut: "middle" as const },
    { title: "SIZE", alignRight: true },
    { title: "TAGS", alignRight: true },
    { title: "MANIFESTS", alignRight: true, canGo: true },
    { title: "PUSHED" },
    { title: "PULLED", canGo: true },
    { title: "PULLS", alignRight: true, canGo: true },
  ];
  const rows = repositories.map(({ name, usage }): Cell[] => [
    name,
    formatBytes(usage?.bytes ?? 0n),
    formatCount(usage?.tags ?? 0n),
    formatCount(usage?.manifests ?? 0n),
    timeCell(view, usage?.lastPushTime),
    timeCell(view, usage?.lastPullTime),
    formatCount(usage?.pulls ?? 0n),
  ]);
  const sum = (number: (repository: Repository) => bigint | undefined) =>
    repositories.reduce((before, repository) => before + (number(repository) ?? 0n), 0n);
  const bytes = formatBytes(sum(({ usage }) => usage?.bytes));
  const tags = formatQuantity(
    sum(({ usage }) => usage?.tags),
    "tag",
  );
  const count = formatQuantity(repositories.length, "repository", "repositories");
  return [...tableLines(view, columns, rows), `${count} with ${bytes} and ${tags}.`];
}
