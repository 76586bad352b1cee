// The model's rule of quotas: what would have more tags afterwards than may be is not done at all.
import type { QuotaRule } from "../../src/core/quotas.ts";
import type { World } from "./world.ts";

/** How many tags there may be. */
export interface TagQuota {
  readonly tags: number;
  /** In all repositories below the path together; "" is above all. Absent: in each repository. */
  readonly below?: string;
}

/** As the rules have it. */
export function quotaRules(quota: TagQuota | undefined): readonly QuotaRule[] {
  if (quota === undefined) return [];
  const { tags, below } = quota;
  const matches = (repository: string) => below === undefined || isBelow(repository, below);
  return [{ name: "the model's", matches, scope: below === undefined ? "each" : { below }, tags }];
}

/** True: what the quota limits has grown, and beyond it. */
export function exceeds(quota: TagQuota | undefined, before: World, after: World): boolean {
  if (quota === undefined) return false;
  const counts = countsIn(quota, after);
  const known = countsIn(quota, before);
  return [...counts].some(([name, count]) => count > quota.tags && count > (known.get(name) ?? 0));
}

/** How many tags there are of what is limited, each by its name. */
function countsIn({ below }: TagQuota, { repositories }: World): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [name, { tags }] of Object.entries(repositories)) {
    if (below !== undefined && !isBelow(name, below)) continue;
    const limited = below ?? name;
    counts.set(limited, (counts.get(limited) ?? 0) + Object.keys(tags).length);
  }
  return counts;
}

function isBelow(name: string, path: string): boolean {
  return path === "" || name.startsWith(`${path}/`);
}
