// Finds what a path means. Repository names contain "/" and may contain words
// like "blobs" or "tags", so a path is read from the right: its last segments
// decide, and what is left of them is the name.
import type { Handler } from "./exchange.ts";
import type { HandlerName } from "./observer.ts";
import type { Route } from "./route.ts";

/** What lies at a path. */
export interface Resource {
  /** What figures count it as. Absent: it is nowhere. */
  readonly name?: HandlerName | undefined;
  /** By method; HEAD stands beside GET. */
  readonly handlers: ReadonlyMap<string, Handler>;
  /** For `Allow`, in alphabetical order. */
  readonly allowed: readonly string[];
}

export interface Match {
  readonly resource: Resource;
  readonly repository: string;
  readonly argument: string;
}

/** Finds a decoded path's resource; undefined when there is nothing. */
export type Router = (path: string) => Match | undefined;

/** A path template behind {name}: the literals that must be there, and whether a placeholder follows. */
interface Tail {
  /** "/blobs/uploads/": what stands between the name and the placeholder, or the end. */
  readonly literal: string;
  readonly hasArgument: boolean;
  readonly resource: Resource;
}

const NAME = "{name}";

/** Where names begin. Paths without {name} may lie elsewhere. */
const ROOT = "/v2/";

export function createRouter(routes: readonly Route[]): Router {
  const resources = new Map(
    [...Map.groupBy(routes, (route) => route.path)].map(([path, rows]) => [path, resourceOf(rows)]),
  );
  const fixed = new Map<string, Match>();
  const tails: Tail[] = [];
  for (const [path, resource] of resources) {
    for (const variant of variantsOf(path)) {
      if (variant.includes(NAME)) tails.push(tailOf(variant, resource));
      else fixed.set(variant, { resource, repository: "", argument: "" });
    }
  }
  // The more a template says, the earlier it is tried: ".../blobs/uploads" is not the blob "uploads".
  tails.sort((a, b) => Number(a.hasArgument) - Number(b.hasArgument) || b.literal.length - a.literal.length);
  return (path) => fixed.get(path) ?? matchTails(tails, path);
}

function resourceOf(rows: readonly Route[]): Resource {
  const handlers = new Map<string, Handler>();
  for (const { method, handle } of rows) {
    handlers.set(method, handle);
    if (method === "GET") handlers.set("HEAD", handle);
  }
  return { name: rows[0]?.handler, handlers, allowed: [...handlers.keys(), "OPTIONS"].sort() };
}

/** A slash at a template's end may be left out. */
function variantsOf(path: string): readonly string[] {
  return path.endsWith("/") ? [path, path.slice(0, -1)] : [path];
}

function tailOf(template: string, resource: Resource): Tail {
  const tail = template.slice(template.indexOf(NAME) + NAME.length);
  const brace = tail.indexOf("{");
  return { literal: brace < 0 ? tail : tail.slice(0, brace), hasArgument: brace >= 0, resource };
}

function matchTails(tails: readonly Tail[], path: string): Match | undefined {
  if (!path.startsWith(ROOT)) return undefined;
  const slash = path.lastIndexOf("/") + 1;
  for (const { literal, hasArgument, resource } of tails) {
    const end = hasArgument ? slash : path.length;
    if (end - literal.length < ROOT.length - 1 || !path.endsWith(literal, end)) continue;
    const repository = path.slice(ROOT.length, end - literal.length);
    return { resource, repository, argument: path.slice(end) };
  }
  return undefined;
}
