// What a repository holds, or all below a path together, and how far the quotas are
// used that are about it. The numbers are kept as they change; nothing is counted here.
import { storedKey, usageBelowKey, usageKey } from "../../metadata/usage-keys.ts";
import { NO_USAGE, type StoredRecord, type UsageRecord } from "../../metadata/usage-record.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { CoreContext } from "../context.ts";
import type { QuotaRule } from "../quotas.ts";
import { demandRepository } from "../repositories.ts";

/** Whose usage. */
export type UsageScope =
  | { readonly kind: "repository"; readonly repository: RepositoryName }
  /** Of all repositories whose names begin with the path and "/", one to three components; "" for all there are. */
  | { readonly kind: "below"; readonly path: string };

export interface UsageReport {
  readonly usage: UsageRecord;
  /** What the cellar holds. Absent: not all repositories were asked about. */
  readonly stored?: StoredRecord;
  /** Those that apply to the repository; of a path, those that repositories share there, above or below. */
  readonly quotas: readonly ReportedQuota[];
}

export interface ReportedQuota {
  readonly quota: QuotaRule;
  /** What counts for it. Absent: others' usage counts too, and it was not asked for. */
  readonly usage?: UsageRecord;
}

export interface UsageOptions {
  /** True: also what others use of quotas that are shared. */
  readonly shared: boolean;
}

/** Throws NAME_UNKNOWN. */
export async function reportUsage(
  context: CoreContext,
  scope: UsageScope,
  { shared }: UsageOptions,
): Promise<UsageReport> {
  const { metadata, options } = context;
  if (scope.kind === "repository") await demandRepository(context, scope.repository);
  const below = async (path: string) => (await metadata.get(usageBelowKey(path))) ?? NO_USAGE;
  const own =
    scope.kind === "repository"
      ? ((await metadata.get(usageKey(scope.repository))) ?? NO_USAGE)
      : await below(scope.path);
  const isAll = scope.kind === "below" && scope.path === "";
  const quotas = (options.quotas ?? []).filter((quota) => concerns(quota, scope));
  return {
    usage: own,
    ...(isAll && { stored: (await metadata.get(storedKey)) ?? { blobs: 0, bytes: 0 } }),
    quotas: await Promise.all(
      quotas.map(async (quota) => {
        if (quota.scope === "each") return { quota, usage: own };
        return shared ? { quota, usage: await below(quota.scope.below) } : { quota };
      }),
    ),
  };
}

function concerns({ matches, scope: counted }: QuotaRule, asked: UsageScope): boolean {
  if (asked.kind === "repository") return matches(asked.repository);
  if (counted === "each") return false;
  return isWithin(counted.below, asked.path) || isWithin(asked.path, counted.below);
}

function isWithin(path: string, above: string): boolean {
  return above === "" || path === above || path.startsWith(`${above}/`);
}
