// What no key can tell alone.
import { checkAuth } from "./auth-rules.ts";
import { driversOf } from "./driver-shorthand.ts";
import { checkHttp } from "./http-rules.ts";
import { type CONFIGURATION, KEYS } from "./keys.ts";
import type { RawMap } from "./raw-tree.ts";
import type { TableReading, ValueProblem } from "./read-table.ts";
import { checkRetention } from "./retention-rules.ts";

/** Problems between keys. Keys that are wrong by themselves are left out. */
export function checkRules(
  root: RawMap,
  reading: TableReading<(typeof CONFIGURATION)["entries"]>,
): readonly ValueProblem[] {
  return [
    ...oneDriver(root),
    ...checkAuth(root, reading),
    ...checkHttp(root, reading),
    ...checkRetention(reading),
  ];
}

function oneDriver({ storage }: RawMap): readonly ValueProblem[] {
  const drivers = driversOf(storage).filter(
    (driver) => driver === "filesystem" || KEYS.has(`storage.${driver}`),
  );
  if (drivers.length < 2) return [];
  return [{ path: ["storage"], message: `${drivers.join(" and ")} are both there; keep one driver` }];
}

/** What a section is for nothing without, but for a part that is warned of. */
const NEEDS: readonly { readonly section: RegExp; readonly needed: string }[] = [
  { section: /^http\.debug\.(?!prometheus\.)/, needed: "http.debug.addr" },
  { section: /^tracing\./, needed: "tracing.otlp.endpoint" },
];

/** The keys that are set and change nothing, in the order of the documentation. */
export function keysWithoutEffect(given: ReadonlyMap<string, unknown>): readonly string[] {
  const isIdle = (path: string) =>
    NEEDS.some(({ section, needed }) => section.test(path) && !given.has(needed));
  return [...KEYS]
    .filter(([path, { effect }]) => given.has(path) && (effect === "none" || isIdle(path)))
    .map(([path]) => path);
}
