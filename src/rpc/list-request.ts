// Lists that can be in several orders, as protobuf asks for them: their pages, their
// orders, their filters, and the tokens by which they go on.
import type { ListPage, ListRequest, Place } from "../core/listing/place.ts";
import type { RepositoryOrder } from "../core/listing/repositories.ts";
import { anyGlob, type TagFilter, tagFilter } from "../core/listing/tag-filter.ts";
import type { TagListRequest, TagOrder } from "../core/listing/tags.ts";
import {
  type ListRepositoriesRequest,
  type ListTagsRequest,
  RepositoryOrder as RepositoryOrderMessage,
  type TagFilter as TagFilterMessage,
  TagOrder as TagOrderMessage,
} from "../gen/stowage/v1/manifest_service_pb.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { pageToken, parsePageSize, parsePageToken, tokenInvalid } from "./convert.ts";
import { parsePatterns } from "./patterns.ts";

const PAGE = { fallback: 100, most: 10_000 };

const TAG_ORDERS: ReadonlyMap<TagOrderMessage, TagOrder> = new Map([
  [TagOrderMessage.UNSPECIFIED, "name"],
  [TagOrderMessage.NAME, "name"],
  [TagOrderMessage.UPDATE_TIME, "update-time"],
  [TagOrderMessage.TOTAL_SIZE, "total-size"],
  [TagOrderMessage.LAST_PULL_TIME, "last-pull-time"],
  [TagOrderMessage.PULL_COUNT, "pull-count"],
]);

const REPOSITORY_ORDERS: ReadonlyMap<RepositoryOrderMessage, RepositoryOrder> = new Map([
  [RepositoryOrderMessage.UNSPECIFIED, "name"],
  [RepositoryOrderMessage.NAME, "name"],
  [RepositoryOrderMessage.BYTES, "bytes"],
  [RepositoryOrderMessage.TAGS, "tags"],
  [RepositoryOrderMessage.LAST_PUSH_TIME, "pushTime"],
  [RepositoryOrderMessage.LAST_PULL_TIME, "pullTime"],
  [RepositoryOrderMessage.PULLS, "pulls"],
]);

/** Throws NAME_INVALID, FILTER_INVALID, REQUEST_INVALID, PAGINATION_NUMBER_INVALID, PAGINATION_TOKEN_INVALID. */
export function parseTagList(request: ListTagsRequest): TagListRequest {
  const { repository, namesOnly, details, filter } = request;
  if (namesOnly && details) throw contradiction("names_only and details contradict each other");
  const chosen = filter === undefined ? undefined : parseTagFilter(filter);
  return {
    repository: parseRepositoryName(repository),
    ...parseList(request, TAG_ORDERS),
    tell: namesOnly ? "names" : details ? "details" : "records",
    ...(chosen !== undefined && { filter: chosen }),
  };
}

/** Throws FILTER_INVALID, REQUEST_INVALID, PAGINATION_NUMBER_INVALID, PAGINATION_TOKEN_INVALID. */
export function parseRepositoryList(request: ListRepositoriesRequest) {
  const { details, filter } = request;
  const names = anyGlob(parsePatterns(filter?.names ?? [], "filter.names"));
  return { ...parseList(request, REPOSITORY_ORDERS), details, start: names?.start, fits: names?.fits };
}

function parseTagFilter({ names, mediaTypes, artifactTypes, platforms }: TagFilterMessage) {
  const choice = {
    names: parsePatterns(names, "filter.names"),
    mediaTypes: parsePatterns(mediaTypes, "filter.media_types"),
    artifactTypes: parsePatterns(artifactTypes, "filter.artifact_types"),
    platforms: parsePatterns(platforms, "filter.platforms").map(parsePlatform),
  };
  return tagFilter(choice) satisfies TagFilter | undefined;
}

/** They are names, not globs; who writes one of those would find nothing. */
function parsePlatform(platform: string): string {
  if (/^[\w.-]+(?:\/[\w.-]+)*$/.test(platform)) return platform;
  const shown = JSON.stringify(platform.slice(0, 80));
  const message = `platform ${shown} must be such as "linux/arm64" or "linux"; it is no pattern`;
  throw new RegistryError("FILTER_INVALID", { filter: platform.slice(0, 80) }, { message });
}

interface ListMessage<Order> {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly startAfter: string;
  readonly order: Order;
  readonly descending: boolean;
}

function parseList<Message, Order extends string>(
  { pageSize, pageToken: token, startAfter, order: message, descending }: ListMessage<Message>,
  orders: ReadonlyMap<Message, Order | "name">,
): ListRequest<Order | "name"> {
  const order = orders.get(message);
  if (order === undefined) throw contradiction(`order ${String(message)} is none that this registry knows`);
  const limit = parsePageSize(pageSize, PAGE);
  const after =
    token !== ""
      ? parsePlace(token, { order, descending })
      : startAfter !== ""
        ? { name: startAfter }
        : undefined;
  if (after !== undefined && token === "" && order !== "name")
    throw contradiction("start_after is for lists in order of names; in others use page_token");
  return { limit, order, descending, ...(after !== undefined && { after }) };
}

function contradiction(message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", {}, { message });
}

/** What a token is for. */
interface Direction {
  readonly order: string;
  readonly descending: boolean;
}

/** Begins the tokens of all but the usual order: no name holds it. */
const MARK = "\0";

/** The token that goes on with the list. Empty: it has come to its end. */
export function nextToken({ next }: ListPage<unknown>, direction: Direction): string {
  if (next === undefined) return "";
  const { name, value = 0 } = next;
  return pageToken(isUsual(direction) ? name : `${beginning(direction)}${value}${MARK}${name}`);
}

function parsePlace(token: string, direction: Direction): Place {
  const text = parsePageToken(token);
  if (text.startsWith(MARK) === isUsual(direction)) throw otherList();
  if (isUsual(direction)) return { name: text };
  if (!text.startsWith(beginning(direction))) throw otherList();
  const [value = "", name = "", ...rest] = text.slice(beginning(direction).length).split(MARK);
  if (!/^\d{1,16}$/.test(value) || name === "" || rest.length > 0) throw otherList();
  return direction.order === "name" ? { name } : { name, value: Number(value) };
}

function otherList(): RegistryError {
  return tokenInvalid("page_token is that of a list in another order, or none of this registry's");
}

function isUsual({ order, descending }: Direction): boolean {
  return order === "name" && !descending;
}

function beginning({ order, descending }: Direction): string {
  return `${MARK}${order}${MARK}${descending ? "-" : "+"}${MARK}`;
}
