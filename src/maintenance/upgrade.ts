// Makes a catalogue of an older format one of this version's, format by format. Until the
// last commit, which sets the format, it has the old one: after a crash this begins anew.
import { FORMAT, OLDER_FORMATS } from "../metadata/format.ts";
import { formatKey } from "../metadata/keeping-keys.ts";
import { expectRecord, put } from "../metadata/metadata-store.ts";
import { Rewriting } from "./rewriting.ts";
import { KeepingUpgrade } from "./upgrade/keeping-upgrade.ts";
import type { UpgradeOptions } from "./upgrade/upgrade-options.ts";
import { upgradeUsage } from "./upgrade/usage-upgrade.ts";

export type { UpgradeOptions } from "./upgrade/upgrade-options.ts";

/**
 * Upgrades the catalogue if it has an older format. True: it had. Nobody else may use it meanwhile. Throws an Error with
 * a message for the operator when it cannot be used as it is, and may not be changed.
 */
export async function upgradeCatalogue(options: UpgradeOptions): Promise<boolean> {
  const { metadata, tell } = options;
  const stored = await metadata.get(formatKey);
  const format = stored === undefined ? FORMAT : Buffer.from(stored).toString();
  if (format === FORMAT) return false;
  if (!OLDER_FORMATS.includes(format))
    throw new Error(`a catalogue of format ${JSON.stringify(format)} is not known`);
  if (options.mayUpgrade === false) throw new Error(needsUpgrade(format));
  tell({ from: format, to: FORMAT }, "the catalogue is being upgraded; do not switch off");
  const run = new Rewriting(options);
  if (format === "1") await new KeepingUpgrade(run).upgrade();
  await upgradeUsage(run);
  await metadata.commit({
    changes: [put(formatKey, Buffer.from(FORMAT))],
    expectations: [expectRecord(formatKey, stored)],
  });
  tell({ from: format, to: FORMAT }, "the catalogue has been upgraded");
  return true;
}

function needsUpgrade(format: string): string {
  return (
    `the catalogue has format ${JSON.stringify(format)} and has to be upgraded to ${JSON.stringify(FORMAT)} first, ` +
    "which older versions do not read: start the registry once (stowage serve), without storage.maintenance.readonly.enabled"
  );
}
