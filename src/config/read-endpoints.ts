// From the elements of notifications.endpoints to webhooks. Secrets that lie in
// files are still outside: see read-secret-files.ts.
import type { ValuesOf } from "./key-table.ts";
import { ENDPOINT } from "./keys/endpoint.ts";
import { isRawMap, type RawPath } from "./raw-tree.ts";
import { readTable, type ValueProblem } from "./read-table.ts";
import type { WebhookConfig } from "./webhook.ts";

export interface Endpoint {
  readonly webhook: WebhookConfig;
  readonly secretFiles: readonly string[];
}

export interface EndpointsReading {
  /** Meaningless when there are problems. */
  readonly endpoints: readonly Endpoint[];
  /** Paths begin with the index of the element. */
  readonly problems: readonly ValueProblem[];
}

type Values = ValuesOf<(typeof ENDPOINT)["entries"]>;

const MAX_SECRETS = 5;

const DEFAULT_MAX_BACKOFF_MS = 300_000;

export function readEndpoints(entries: readonly unknown[]): EndpointsReading {
  const problems: ValueProblem[] = [];
  const endpoints: Endpoint[] = [];
  const names = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const report = (path: RawPath, message: string) => problems.push({ path: [index, ...path], message });
    if (!isRawMap(entry)) {
      report([], "expected a map with a name and a url");
      continue;
    }
    const reading = readTable(ENDPOINT, entry);
    const between = reading.problems.length > 0 ? [] : checkValues(reading.values);
    const found = [...reading.problems, ...checkPresence(reading.given), ...between];
    for (const { path, message } of found) report(withoutSecretNames(path), message);
    const { name } = reading.values;
    const twin = name === undefined ? undefined : names.get(name);
    if (twin !== undefined)
      report(["name"], `"${name}" is the name of endpoint ${twin} too; each needs its own`);
    else if (name !== undefined) names.set(name, index);
    if (found.length === 0) endpoints.push(toEndpoint(reading.values));
  }
  return { endpoints, problems };
}

/** A secret in the place of a name, by a slip in the file, is not repeated either. */
function withoutSecretNames(path: RawPath): RawPath {
  const end = path.findIndex((part) => !/^[\w.-]{1,36}$/.test(String(part)));
  return end === -1 ? path : path.slice(0, end);
}

function checkPresence(given: ReadonlyMap<string, unknown>): readonly ValueProblem[] {
  if (given.get("disabled") === true) return [];
  return ["name", "url"]
    .filter((member) => !given.has(member))
    .map((member) => ({
      path: [member],
      message: "it is missing; each endpoint needs one unless it is disabled",
    }));
}

/** Problems between members. */
function checkValues(values: Values): readonly ValueProblem[] {
  const problems: ValueProblem[] = [];
  const { backoff, maxbackoff } = values;
  if (maxbackoff !== undefined && maxbackoff < backoff)
    problems.push({
      path: ["maxbackoff"],
      message: "it is shorter than backoff; the waits grow from backoff to it",
    });
  const secrets = values["signing.secrets"].length + values["signing.secretfiles"].length;
  if (secrets > MAX_SECRETS)
    problems.push({
      path: ["signing"],
      message: `it has ${secrets} secrets; at most ${MAX_SECRETS} are allowed`,
    });
  return problems;
}

function toEndpoint(values: Values): Endpoint {
  const attempts = values["giveup.attempts"];
  const ageMs = values["giveup.age"];
  const webhook: WebhookConfig = {
    name: values.name ?? "",
    disabled: values.disabled,
    url: values.url?.url ?? "",
    headers: toHeaders(values),
    timeoutMs: values.timeout,
    threshold: values.threshold,
    backoffMs: values.backoff,
    maxBackoffMs: values.maxbackoff ?? Math.max(DEFAULT_MAX_BACKOFF_MS, values.backoff),
    ignoredMediaTypes: [...new Set([...values.ignoredmediatypes, ...values["ignore.mediatypes"]])],
    ignoredActions: [...new Set(values["ignore.actions"])],
    format: values.format,
    batch: values.batch,
    filter: {
      repositories: values["filter.repositories"],
      kinds: values["filter.kinds"],
      mediaTypes: values["filter.mediatypes"],
      artifactTypes: values["filter.artifacttypes"],
      tags: values["filter.tags"],
    },
    secrets: values["signing.secrets"],
    giveUp: {
      ...(attempts !== undefined && { attempts }),
      ...(ageMs !== undefined && { ageMs }),
      statuses: values["giveup.statuses"],
    },
    deliveryLogSize: values.deliveries,
  };
  return { webhook, secretFiles: values["signing.secretfiles"] };
}

/** One spelling of each name, the last one. A header without values is none. */
function toHeaders({ headers, url }: Values): WebhookConfig["headers"] {
  const byName = new Map<string, readonly [string, readonly string[]]>();
  for (const [name, values] of Object.entries(headers)) byName.set(name.toLowerCase(), [name, values]);
  const chosen = [...byName.values()].filter(([, values]) => values.length > 0);
  const isAuthorized = chosen.some(([name]) => name.toLowerCase() === "authorization");
  if (url?.authorization !== undefined && !isAuthorized) chosen.push(["Authorization", [url.authorization]]);
  return Object.fromEntries(chosen);
}
