// How content is kept, and given up: deleting, collecting, scrubbing, purging, as the
// program uses it. Times in milliseconds; they may be longer than one timer can wait.
import type { Values } from "./keys.ts";
import type { QuotaConfig } from "./quotas.ts";
import type { RetentionConfig } from "./retention.ts";

export interface KeepingConfig {
  /** Whether clients can delete manifests, tags and blobs. */
  readonly deleteEnabled: boolean;
  /** How long what was deleted can be restored. 0: not at all. */
  readonly trashAgeMs: number;
  /** What becomes of a DELETE of what manifests of the repository need. */
  readonly referencedDeletion: "refuse" | "allow";
  /** How long changes of tags are known. 0: they are not. */
  readonly tagHistoryMs: number;
  readonly gc: GcConfig;
  readonly scrub: ScrubConfig;
  readonly uploadPurging: UploadPurgingConfig;
  /** True: nobody changes content, and the registry itself removes none. */
  readonly readOnly: boolean;
  /** Absent: each stat asks the store. */
  readonly blobDescriptorCache?: {
    /** The most entries. 0: any number. */
    readonly entries: number;
  };
  /** Whether signed schema 1 manifests can be pushed. */
  readonly schema1: boolean;
  readonly retention: RetentionConfig;
  /** All that fit a repository apply to it. */
  readonly quotas: readonly QuotaConfig[];
}

export interface GcConfig {
  readonly enabled: boolean;
  /** How long a blob stays that no manifest names. */
  readonly graceMs: number;
  readonly intervalMs: number;
  /** The most removals a second. 0: any number. */
  readonly rate: number;
}

export interface ScrubConfig {
  readonly enabled: boolean;
  /** From the beginning of a pass to that of the next. */
  readonly intervalMs: number;
  /** The most bytes a second. 0: any number. */
  readonly rate: number;
}

export interface UploadPurgingConfig {
  readonly enabled: boolean;
  /** Since the last byte arrived. */
  readonly ageMs: number;
  readonly intervalMs: number;
  /** True: they are only named. */
  readonly dryRun: boolean;
}

export function toKeepingConfig(values: Values, given: ReadonlyMap<string, unknown>): KeepingConfig {
  return {
    deleteEnabled: values["storage.delete.enabled"],
    trashAgeMs: values["storage.delete.trash"],
    referencedDeletion: values["storage.delete.referenced"],
    tagHistoryMs: values["storage.tag.history"],
    ...toHousekeeping(values),
    readOnly: values["storage.maintenance.readonly.enabled"],
    ...(cacheOf(values, given) === "inmemory" && {
      blobDescriptorCache: { entries: values["storage.cache.blobdescriptorsize"] },
    }),
    schema1: values["compatibility.schema1.enabled"],
    retention: toRetentionConfig(values),
    quotas: values.quotas ?? [],
  };
}

function toHousekeeping(values: Values): Pick<KeepingConfig, "gc" | "scrub" | "uploadPurging"> {
  return {
    gc: {
      enabled: values["storage.maintenance.gc.enabled"],
      graceMs: values["storage.maintenance.gc.grace"],
      intervalMs: values["storage.maintenance.gc.interval"],
      rate: values["storage.maintenance.gc.rate"],
    },
    scrub: {
      enabled: values["storage.maintenance.scrub.enabled"],
      intervalMs: values["storage.maintenance.scrub.interval"],
      rate: values["storage.maintenance.scrub.rate"],
    },
    uploadPurging: {
      enabled: values["storage.maintenance.uploadpurging.enabled"],
      ageMs: values["storage.maintenance.uploadpurging.age"],
      intervalMs: values["storage.maintenance.uploadpurging.interval"],
      dryRun: values["storage.maintenance.uploadpurging.dryrun"],
    },
  };
}

/** The old name counts only where the new one is not set. */
function cacheOf(values: Values, given: ReadonlyMap<string, unknown>): "inmemory" | "none" | undefined {
  const name = values["storage.cache.blobdescriptor"];
  return given.has("storage.cache.blobdescriptor") ? name : (values["storage.cache.layerinfo"] ?? name);
}

function toRetentionConfig(values: Values): RetentionConfig {
  const intervalMs = values["retention.interval"];
  const untaggedMs = values["retention.untagged"];
  return {
    ...(intervalMs !== undefined && { intervalMs }),
    ...(untaggedMs !== undefined && { untaggedMs }),
    rules: values["retention.rules"] ?? [],
  };
}
