// MaintenanceService: protobuf in, a word to the sweeper, protobuf out. Long jobs are
// streams; whoever leaves one ends its job.
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  MaintenanceService,
  PurgeDeletedManifestsRequest,
  RunScrubRequest,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { PurgeChoice } from "../maintenance/collector/purge-deleted.ts";
import { parseDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { collectionPart } from "./collection-message.ts";
import { byteCount } from "./convert.ts";
import { endOfStream } from "./end-of-stream.ts";
import { explanationMessage } from "./explanation-message.ts";
import type { Job, MaintenanceParts } from "./maintenance-parts.ts";
import { statusMessage } from "./maintenance-status-message.ts";
import type { Reception } from "./reception.ts";
import { parseRetentionRequest, retentionPart } from "./retention-message.ts";
import { parseDuration } from "./times.ts";
import { fsckParts, scrubParts, snapshotParts, uploadPurgePart } from "./upkeep-message.ts";

export interface MaintenanceServiceOptions {
  readonly maintenance: MaintenanceParts;
  readonly reception: Reception;
}

export function maintenanceService({
  maintenance,
  reception,
}: MaintenanceServiceOptions): ServiceImpl<typeof MaintenanceService> {
  return {
    async getMaintenanceStatus() {
      return { status: statusMessage(await maintenance.status()) };
    },

    async *runCollection({ dryRun, grace }, context) {
      const graceMs = parseDuration(grace, "grace");
      const options = { dryRun, ...(graceMs !== undefined && { graceMs }) };
      for await (const item of run(maintenance.collect, options, context))
        yield { item: collectionPart(item) };
    },

    async explainBlob({ digest }) {
      return explanationMessage(await maintenance.explainBlob(parseDigest(digest)));
    },

    async *simulateRetention(request, context) {
      const items = run(maintenance.simulateRetention, parseRetentionRequest(request), context);
      for await (const item of items) yield { item: retentionPart(item) };
    },

    async *applyRetention({ repositories, detail }, context) {
      const request = parseRetentionRequest({ repositories, detail });
      for await (const item of run(maintenance.applyRetention, request, context))
        yield { item: retentionPart(item) };
    },

    async *runScrub(request, context) {
      for await (const item of scrubParts(run(maintenance.scrub, parseScrub(request), context)))
        yield { item };
    },

    async *runFsck({ repair, catalogueOnly, resume }, context) {
      const request = { repair, cellar: !catalogueOnly, resume };
      for await (const item of fsckParts(run(maintenance.fsck, request, context))) yield { item };
    },

    async *purgeUploads({ age, dryRun }, context) {
      const ageMs = parseDuration(age, "age");
      const options = { dryRun, ...(ageMs !== undefined && { ageMs }) };
      for await (const item of run(maintenance.purgeUploads, options, context))
        yield { item: uploadPurgePart(item) };
    },

    async *takeSnapshot({ withoutSecrets }, context) {
      // Where nobody is asked who they are, anybody may ask for this.
      const withSecrets = !withoutSecrets && reception.callerOf(context)?.isAdmin === true;
      for await (const item of run(maintenance.takeSnapshot, { withSecrets }, context))
        for (const part of snapshotParts(item)) yield { part };
    },

    async purgeDeletedManifests(request, context) {
      return { purged: BigInt(await maintenance.purgeDeleted(parsePurge(request), context.signal)) };
    },
  };
}

const STOPPING = "the registry is stopping; what was done stays done, and the same call does the rest";

/** Runs a job for who calls; their leaving ends it. */
async function* run<Options, Item>(
  job: Job<Options, Item>,
  options: Options,
  { signal }: HandlerContext,
): AsyncGenerator<Item, void, undefined> {
  try {
    yield* job(options, signal);
  } catch (error) {
    throw signal.aborted && !(error instanceof RegistryError) ? endOfStream(signal, STOPPING) : error;
  }
  // A job that was told to end has not finished.
  if (signal.aborted) throw endOfStream(signal, STOPPING);
}

function parsePurge({ repository, digest, olderThan }: PurgeDeletedManifestsRequest): PurgeChoice {
  const olderThanMs = parseDuration(olderThan, "older_than");
  const named = repository === "" ? undefined : parseRepositoryName(repository);
  if (digest === "")
    return { kind: "all", olderThanMs: olderThanMs ?? 0, ...(named !== undefined && { repository: named }) };
  if (named !== undefined && olderThanMs === undefined)
    return { kind: "one", repository: named, digest: parseDigest(digest) };
  const message = "a digest names a manifest only together with its repository, and without an age";
  throw new RegistryError("REQUEST_INVALID", { field: "digest" }, { message });
}

function parseScrub({ bytesPerSecond, restart }: RunScrubRequest) {
  if (bytesPerSecond === undefined) return { restart };
  return { restart, rate: byteCount(bytesPerSecond, "bytes_per_second", "SIZE_INVALID") };
}
