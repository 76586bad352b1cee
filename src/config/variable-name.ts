// Names of environment variables: REGISTRY_ and the key's path in capitals,
// joined by "_". Below some keys free names and indices of lists may follow.
import type { Key } from "./key.ts";
import type { KeyTable } from "./key-table.ts";
import { CONFIGURATION } from "./keys.ts";
import type { RawPath } from "./raw-tree.ts";

export const PREFIX = "REGISTRY_";

/** Names the file to read when the command line names none. */
export const CONFIGURATION_PATH = "REGISTRY_CONFIGURATION_PATH";

/** The variable that sets a key or a section. */
export function variableName(path: string): string {
  return PREFIX + withUnderscores(path);
}

function withUnderscores(path: string): string {
  return path.replaceAll(".", "_").toUpperCase();
}

/** The paths of a table, by what their variables are called within it. */
type Names = ReadonlyMap<string, string>;

/** Sections can be set too: to a map, or to the one word that expandDriver knows. */
function namesOf({ keys, sections }: KeyTable): Names {
  return new Map([...sections, ...keys.keys()].map((path) => [withUnderscores(path), path]));
}

const NAMES = namesOf(CONFIGURATION);

const ALIASES: Names = new Map(
  [...CONFIGURATION.keys].flatMap(([path, { alias }]) => (alias === undefined ? [] : [[alias, path]])),
);

/** All names without free parts, to suggest one of them. */
export const VARIABLE_NAMES: readonly string[] = [
  ...[...NAMES.values()].filter((path) => path !== "version").map(variableName),
  ...ALIASES.keys(),
  CONFIGURATION_PATH,
];

export interface Variable {
  readonly path: RawPath;
  /** True: its value is the name of the file that holds the value. */
  readonly fromFile: boolean;
  /** True: a value is text as it stands, not YAML. */
  readonly verbatim: boolean;
}

type Place = Omit<Variable, "fromFile">;

/** What a variable sets, or undefined when it is unknown. "_FILE" is an ending unless the key's own name ends so. */
export function resolveVariable(name: string): Variable | undefined {
  const own = resolveOwn(name);
  if (own !== undefined) return { ...own, fromFile: false };
  const fromFile = name.endsWith("_FILE");
  const bare = fromFile ? name.slice(0, -"_FILE".length) : name;
  const place = resolveOwn(bare) ?? resolveBelow(bare.slice(PREFIX.length), CONFIGURATION, NAMES);
  return place === undefined ? undefined : { ...place, fromFile };
}

function resolveOwn(name: string): Place | undefined {
  const path = ALIASES.get(name) ?? NAMES.get(name.slice(PREFIX.length));
  return path === undefined || path === "version" ? undefined : placeOf(path, CONFIGURATION);
}

function placeOf(path: string, { keys }: KeyTable): Place {
  return { path: path.split("."), verbatim: keys.get(path)?.verbatim === "all" };
}

/** The longest key that the name goes on from. */
function resolveBelow(name: string, table: KeyTable, names: Names): Place | undefined {
  for (let end = name.lastIndexOf("_"); end > 0; end = name.lastIndexOf("_", end - 1)) {
    const path = names.get(name.slice(0, end));
    if (path === undefined) continue;
    const key = table.keys.get(path);
    const rest = name.slice(end + 1);
    if (key?.below === undefined || rest === "") return undefined;
    const below = placeBelow(key, rest);
    return { ...below, path: [...path.split("."), ...below.path] };
  }
  return undefined;
}

function placeBelow(key: Key, rest: string): Place {
  const name = rest.toLowerCase();
  if (key.below === "field") return { path: [name], verbatim: false };
  if (key.below === "header") return { path: [name.replaceAll("_", "-")], verbatim: false };
  const path = name.split("_").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const isElement = path.length === 1 && typeof path[0] === "number";
  return placeInElement(key, rest) ?? { path, verbatim: isElement && key.verbatim === "elements" };
}

/** A known member of a list's element: "0_SIGNING_SECRETS". */
function placeInElement({ elements }: Key, rest: string): Place | undefined {
  const [, index, member] = /^(\d+)_(.+)$/.exec(rest) ?? [];
  if (elements === undefined || member === undefined) return undefined;
  const names = namesOf(elements);
  const path = names.get(member);
  const place = path === undefined ? resolveBelow(member, elements, names) : placeOf(path, elements);
  return place === undefined ? undefined : { ...place, path: [Number(index), ...place.path] };
}

const PORT_VALUE = /^(tcp|udp|sctp):\/\//;
const SERVICE = /^REGISTRY_([A-Z0-9_]+_)?SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/;
const PORT = /^REGISTRY_([A-Z0-9_]+_)?PORT$/;
const PORT_PART = /^REGISTRY_([A-Z0-9_]+_)?PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;

/** True for variables that Kubernetes sets for a Service called "registry", or "registry-" and more. */
export function isServiceVariable(name: string, value: string): boolean {
  return SERVICE.test(name) || PORT_PART.test(name) || (PORT.test(name) && PORT_VALUE.test(value));
}
