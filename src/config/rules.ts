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

type Given = ReadonlyMap<string, unknown>;

/** What is for nothing as others are set, but for what is warned of. */
const IDLE: readonly { readonly section: RegExp; readonly when: (given: Given) => boolean }[] = [
  { section: /^http\.debug\.(?!prometheus\.)/, when: (given) => !given.has("http.debug.addr") },
  {
    section: /^http\.debug\.prometheus\.path$/,
    when: (given) => !given.has("http.debug.addr") || given.get("http.debug.prometheus.enabled") !== true,
  },
  {
    section: /^health\.storagedriver\.(?!enabled$)/,
    when: (given) => given.get("health.storagedriver.enabled") === false,
  },
  { section: /^tracing\./, when: (given) => !given.has("tracing.otlp.endpoint") },
];

/** The keys that are set and change nothing, in the order of the documentation. */
export function keysWithoutEffect(given: Given): readonly string[] {
  const isIdle = (path: string) => IDLE.some(({ section, when }) => section.test(path) && when(given));
  return [...KEYS]
    .filter(([path, { effect }]) => given.has(path) && (effect === "none" || isIdle(path)))
    .map(([path]) => path);
}
