// How much repositories may hold. A limit is on a row of usage: of one repository, or of
// all below a path together; the catalogue refuses the commit that would grow past it.
import type { LimitExceeded } from "../metadata/engine.ts";
import { type Key, repositoryOfCatalogName } from "../metadata/keys.ts";
import { sumName } from "../metadata/usage-form.ts";
import { usageBelowKey, usageKey, usageKeysOf, usages, usagesBelow } from "../metadata/usage-keys.ts";
import { NO_USAGE, type UsageRecord } from "../metadata/usage-record.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";

/** What can be limited. */
export type QuotaUnit = "bytes" | "tags";

export interface QuotaRule {
  /** What it is called where it is in the way. */
  readonly name: string;
  /** Which repositories it is about. */
  readonly matches: (repository: RepositoryName) => boolean;
  /** The globs that say which, to be shown. Absent: none are shown. */
  readonly globs?: readonly string[];
  /** Whether each of them has the limits, or all below a path of one to three components together; "": all there are. */
  readonly scope: "each" | { readonly below: string };
  /** Absent: any number. What `UsageRecord.bytes` counts. */
  readonly bytes?: number;
  /** Absent: any number. */
  readonly tags?: number;
}

/** What is limited of a row. */
export type Limits = { readonly [Unit in QuotaUnit]?: number };

type Quotas = readonly QuotaRule[] | undefined;

/** How much of a quota is used. */
export interface QuotaUse {
  readonly quota: string;
  readonly unit: QuotaUnit;
  readonly limit: number;
  readonly used: number;
  /** Whose use it is. */
  readonly key: Key<UsageRecord>;
}

const UNITS = ["bytes", "tags"] as const;

/** The limits of the rows that count the repository, by key; of several for the same, the lowest. Undefined: none. */
export function limitsOf(
  quotas: Quotas,
  repository: RepositoryName,
): ReadonlyMap<string, Limits> | undefined {
  if (quotas === undefined || quotas.length === 0) return undefined;
  const limits = new Map<string, Limits>();
  for (const rule of rulesOf(quotas, repository)) {
    const { text } = keyOf(rule, repository);
    limits.set(text, lowest(limits.get(text), rule));
  }
  return limits;
}

/** All quotas of the repository, and what is used of each. */
export async function quotaUses(
  { metadata, options }: Pick<CoreContext, "metadata" | "options">,
  repository: RepositoryName,
): Promise<readonly QuotaUse[]> {
  const uses: QuotaUse[] = [];
  for (const rule of rulesOf(options.quotas, repository)) {
    const key = keyOf(rule, repository);
    const usage = (await metadata.get(key)) ?? NO_USAGE;
    for (const unit of UNITS) {
      const limit = rule[unit];
      if (limit !== undefined) uses.push({ quota: rule.name, unit, limit, used: usage[unit], key });
    }
  }
  return uses;
}

/** The quota that leaves the fewest bytes. Undefined: there is none. */
export async function tightestQuota(
  context: Pick<CoreContext, "metadata" | "options">,
  repository: RepositoryName,
): Promise<QuotaUse | undefined> {
  const uses = (await quotaUses(context, repository)).filter(({ unit }) => unit === "bytes");
  return uses.reduce<QuotaUse | undefined>(
    (least, use) => (least === undefined || use.limit - use.used < least.limit - least.used ? use : least),
    undefined,
  );
}

/** Throws DENIED where so much more does not fit. What does not grow fits, however much is there. */
export function demandRoom(use: QuotaUse | undefined, requested: number): void {
  if (use !== undefined && requested > 0 && use.used + requested > use.limit)
    throw quotaExceeded(use, requested);
}

/** What to tell of a commit that was refused. */
export function refusalOf(
  quotas: Quotas,
  { key: text, place, limit, used, requested }: LimitExceeded,
): RegistryError {
  const unit = sumName(text, place) === "tags" ? "tags" : "bytes";
  const isTheOne = (rule: QuotaRule) => rule[unit] === limit && mayLimit(rule, text);
  const quota = quotas?.find(isTheOne)?.name ?? "";
  return quotaExceeded({ quota, unit, limit, used, key: { text } }, requested);
}

function* rulesOf(quotas: Quotas, repository: RepositoryName): Generator<QuotaRule> {
  if (quotas === undefined || quotas.length === 0) return;
  const keys = new Set(usageKeysOf(repository).map(({ text }) => text));
  for (const rule of quotas)
    if (rule.matches(repository) && keys.has(keyOf(rule, repository).text)) yield rule;
}

function keyOf({ scope }: QuotaRule, repository: RepositoryName): Key<UsageRecord> {
  return scope === "each" ? usageKey(repository) : usageBelowKey(scope.below);
}

/** Whether the limit on the row can be of the rule. */
function mayLimit({ scope, matches }: QuotaRule, text: string): boolean {
  if (scope !== "each") return usageBelowKey(scope.below).text === text;
  return text.startsWith(usages.text) && matches(repositoryOfCatalogName(text.slice(usages.text.length)));
}

function lowest(known: Limits | undefined, rule: QuotaRule): Limits {
  const limits: { [Unit in QuotaUnit]?: number } = { ...known };
  for (const unit of UNITS) {
    const limit = rule[unit];
    if (limit !== undefined) limits[unit] = Math.min(limit, limits[unit] ?? limit);
  }
  return limits;
}

function quotaExceeded({ quota, unit, limit, used, key }: QuotaUse, requested: number): RegistryError {
  const show = (amount: number) => (unit === "bytes" ? bytesText(amount) : counted(amount, "tag"));
  const message =
    `${holderOf(key)} may hold ${show(limit)} (quota "${quota}"), holds ${show(used)}, and ` +
    `${show(requested)} more would not fit; ${wayOut(unit)}`;
  const numbers = { limit: String(limit), used: String(used), requested: String(requested) };
  return new RegistryError("DENIED", { quota, ...numbers, unit }, { message });
}

function wayOut(unit: QuotaUnit): string {
  return unit === "tags"
    ? "delete tags that nobody needs, or ask for a larger quota"
    : "delete what nobody needs (what is in the trash counts until it is purged, and layers that no manifest names " +
        "until storage.maintenance.gc.grace is over), or ask for a larger quota";
}

function holderOf({ text }: Key<UsageRecord>): string {
  if (text.startsWith(usages.text))
    return `repository "${repositoryOfCatalogName(text.slice(usages.text.length))}"`;
  const path = repositoryOfCatalogName(text.slice(usagesBelow.text.length));
  return path === "" ? "the registry" : `what is below "${path}/"`;
}

const BYTE_UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** For people; the exact numbers are beside it. */
function bytesText(bytes: number): string {
  let text = counted(bytes, "byte");
  for (const [power, unit] of BYTE_UNITS.entries()) {
    const amount = bytes / 1024 ** (power + 1);
    if (amount >= 1) text = `${Number(amount.toFixed(2))} ${unit}`;
  }
  return text;
}

function counted(amount: number, what: string): string {
  return amount === 1 ? `1 ${what}` : `${amount} ${what}s`;
}
