// The configuration before it is understood: maps, lists and scalars, as YAML
// gives them, and how one place in it is set.

export type RawMap = { [key: string]: unknown };

/** A place in the tree: names of members, and indices of list elements. */
export type RawPath = readonly (string | number)[];

export function isRawMap(value: unknown): value is RawMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The path as people write it: "health.http.0.uri". */
export function formatPath(path: RawPath): string {
  return path.join(".");
}

/**
 * Sets one place, making the maps and lists on the way. Returns what stands in
 * the way, or undefined when all is well.
 */
export function setAt(root: RawMap, path: RawPath, value: unknown): string | undefined {
  let node: RawMap | unknown[] = root;
  for (const [depth, part] of path.entries()) {
    const obstacle = obstacleTo(node, part, path.slice(0, depth));
    if (obstacle !== undefined) return obstacle;
    if (depth === path.length - 1) write(node, part, value);
    else node = descend(node, part, path[depth + 1]);
  }
  return undefined;
}

function obstacleTo(node: RawMap | unknown[], part: string | number, path: RawPath): string | undefined {
  if (typeof part === "string") return Array.isArray(node) ? `${formatPath(path)} is a list` : undefined;
  if (!Array.isArray(node)) return `${formatPath(path)} is not a list`;
  return part > node.length
    ? `${formatPath(path)} has ${node.length} element${node.length === 1 ? "" : "s"}; the next index is ${node.length}`
    : undefined;
}

function descend(
  node: RawMap | unknown[],
  part: string | number,
  next: string | number | undefined,
): RawMap | unknown[] {
  const child = read(node, part);
  if (isRawMap(child) || Array.isArray(child)) return child;
  const created: RawMap | unknown[] = typeof next === "number" ? [] : {};
  write(node, part, created);
  return created;
}

function read(node: RawMap | unknown[], part: string | number): unknown {
  return Array.isArray(node) ? node[Number(part)] : Object.hasOwn(node, part) ? node[part] : undefined;
}

function write(node: RawMap | unknown[], part: string | number, value: unknown): void {
  if (Array.isArray(node)) node[Number(part)] = value;
  else Object.defineProperty(node, part, { value, writable: true, enumerable: true, configurable: true });
}
