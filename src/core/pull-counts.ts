// How often each manifest was pulled, and when last: one record for each, changed in
// the commit that writes the events of the pulls.
import { pullsKey } from "../metadata/keeping-keys.ts";
import type { PullsRecord } from "../metadata/keeping-records.ts";
import { manifestKey } from "../metadata/keys.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { RecordedPull } from "./pull-window.ts";
import { countUsage, NO_QUOTAS } from "./usage.ts";

interface Counted extends PullsRecord {
  readonly pull: RecordedPull["pull"];
}

/**
 * Adds the pulls to the counts of the manifests that are here. That they still are becomes an expectation of the commit:
 * who removes one for good removes its count with it, and none comes back.
 */
export async function countPulls(transaction: Transaction, recorded: readonly RecordedPull[]): Promise<void> {
  const counted = [...byManifest(recorded).values()];
  await transaction.prefetch(
    counted.flatMap(({ pull: { repository, descriptor } }) => [
      manifestKey(repository, descriptor.digest),
      pullsKey(repository, descriptor.digest),
    ]),
  );
  for (const { pull, count, lastTime } of counted) {
    const { repository, descriptor } = pull;
    if ((await transaction.get(manifestKey(repository, descriptor.digest))) === undefined) continue;
    const key = pullsKey(repository, descriptor.digest);
    const before = await transaction.get(key);
    countUsage(NO_QUOTAS, transaction, repository, { pulls: count, pullTime: lastTime });
    transaction.put(key, {
      count: (before?.count ?? 0) + count,
      lastTime: Math.max(before?.lastTime ?? 0, lastTime),
    });
  }
}

function byManifest(recorded: readonly RecordedPull[]): ReadonlyMap<string, Counted> {
  const counted = new Map<string, Counted>();
  for (const { pull, count, time } of recorded) {
    const name = `${pull.descriptor.digest} ${pull.repository}`;
    const before = counted.get(name);
    counted.set(name, {
      pull,
      count: (before?.count ?? 0) + count,
      lastTime: Math.max(before?.lastTime ?? 0, time),
    });
  }
  return counted;
}
