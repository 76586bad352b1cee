// Names of environment variables: REGISTRY_ and the key's path in capitals,
// joined by "_". Below some keys free names and indices of lists may follow.
import type { Below } from "./key.ts";
import { KEYS, SECTIONS } from "./keys.ts";
import type { RawPath } from "./raw-tree.ts";

export const PREFIX = "REGISTRY_";

/** Names the file to read when the command line names none. */
export const CONFIGURATION_PATH = "REGISTRY_CONFIGURATION_PATH";

/** The variable that sets a key or a section. */
export function variableName(path: string): string {
  return PREFIX + path.replaceAll(".", "_").toUpperCase();
}

const PATHS: ReadonlyMap<string, string> = new Map(
  [...SECTIONS, ...KEYS.keys()]
    .filter((path) => path !== "version")
    .map((path) => [variableName(path), path]),
);

/** All names without free parts, to suggest one of them. */
export const VARIABLE_NAMES: readonly string[] = [...PATHS.keys(), CONFIGURATION_PATH];

export interface Variable {
  readonly path: RawPath;
  /** True: its value is the name of the file that holds the value. */
  readonly fromFile: boolean;
}

/** What a variable sets, or undefined when it is unknown. "_FILE" is an ending unless the key's own name ends so. */
export function resolveVariable(name: string): Variable | undefined {
  const own = PATHS.get(name);
  if (own !== undefined) return { path: own.split("."), fromFile: false };
  const fromFile = name.endsWith("_FILE");
  const bare = fromFile ? name.slice(0, -"_FILE".length) : name;
  const path = PATHS.get(bare)?.split(".") ?? resolveBelow(bare);
  return path === undefined ? undefined : { path, fromFile };
}

/** The longest key that the name goes on from. */
function resolveBelow(name: string): RawPath | undefined {
  for (let end = name.lastIndexOf("_"); end > 0; end = name.lastIndexOf("_", end - 1)) {
    const path = PATHS.get(name.slice(0, end));
    if (path === undefined) continue;
    const below = KEYS.get(path)?.below;
    const rest = name.slice(end + 1);
    return below === undefined || rest === "" ? undefined : [...path.split("."), ...partsBelow(below, rest)];
  }
  return undefined;
}

function partsBelow(below: Below, rest: string): RawPath {
  const name = rest.toLowerCase();
  if (below === "field") return [name];
  if (below === "header") return [name.replaceAll("_", "-")];
  return name.split("_").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

const PORT_VALUE = /^(tcp|udp|sctp):\/\//;
const SERVICE = /^REGISTRY_([A-Z0-9_]+_)?SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/;
const PORT = /^REGISTRY_([A-Z0-9_]+_)?PORT$/;
const PORT_PART = /^REGISTRY_([A-Z0-9_]+_)?PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;

/** True for variables that Kubernetes sets for a Service called "registry", or "registry-" and more. */
export function isServiceVariable(name: string, value: string): boolean {
  return SERVICE.test(name) || PORT_PART.test(name) || (PORT.test(name) && PORT_VALUE.test(value));
}
