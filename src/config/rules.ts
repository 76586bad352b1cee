// What no key can tell alone: one storage driver, and no open door by accident.
import { driversOf } from "./driver-shorthand.ts";
import { effectiveTree } from "./effective-tree.ts";
import { CONFIGURATION, KEYS, type Values } from "./keys.ts";
import { isLoopback } from "./listen-address.ts";
import { isRawMap, type RawMap } from "./raw-tree.ts";
import type { TableReading, ValueProblem } from "./read-table.ts";

/** Problems between keys. Keys that are wrong by themselves are left out. */
export function checkRules(
  root: RawMap,
  { values, given, problems }: TableReading<(typeof CONFIGURATION)["entries"]>,
): readonly ValueProblem[] {
  const wrong = new Set(problems.map(({ path }) => path.join(".")));
  return [...oneDriver(root), ...(wrong.has("http.addr") ? [] : noOpenDoor(values, given))];
}

function oneDriver({ storage }: RawMap): readonly ValueProblem[] {
  const drivers = driversOf(storage).filter(
    (driver) => driver === "filesystem" || KEYS.has(`storage.${driver}`),
  );
  if (drivers.length < 2) return [];
  return [{ path: ["storage"], message: `${drivers.join(" and ")} are both there; keep one driver` }];
}

/** Without authentication, who can connect can write. */
function noOpenDoor(values: Values, given: ReadonlyMap<string, unknown>): readonly ValueProblem[] {
  const isAuthenticated = ["auth.silly", "auth.htpasswd", "auth.token"].some((path) => given.has(path));
  if (values["auth.none"] || isAuthenticated || isLoopback(values["http.addr"])) return [];
  const shown = String(given.get("http.addr"));
  const message =
    `"${shown}" can be reached from other machines, and nobody is asked for a password: ` +
    `listen on a loopback address (127.0.0.1:${values["http.addr"].port}), ` +
    'or say that this is meant with "auth: none: {}" (REGISTRY_AUTH=none)';
  return [{ path: ["http", "addr"], message }];
}

/** The keys that are set and change nothing, in the order of the documentation. */
export function keysWithoutEffect(given: ReadonlyMap<string, unknown>): readonly string[] {
  return [...KEYS].filter(([path, { effect }]) => effect === "none" && given.has(path)).map(([path]) => path);
}

/** What acts, in the file's own form: what is set, and the defaults. Secrets are blotted out where the key knows them. */
export function effectiveConfiguration(given: ReadonlyMap<string, unknown>): RawMap {
  const root = effectiveTree(CONFIGURATION, new Map([...given, ["version", 0.1]]));
  if (given.has("storage.inmemory") && isRawMap(root.storage)) delete root.storage.filesystem;
  return root;
}
