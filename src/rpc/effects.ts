// What each call does to content: the one table that tells what a read-only registry
// refuses. A method that is not in it does not compile, and a test compares it with
// what the protos promise (NO_SIDE_EFFECTS).
import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import type { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import type { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import type { MaintenanceService } from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import type { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import type { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import type { UsageService } from "../gen/stowage/v1/usage_service_pb.ts";

/**
 * reads: tells something. steers: moves readers of events, webhooks or credentials, while content stays as it is.
 * changes: adds, removes, moves or puts aside content, or what leads to it.
 */
export type Effect = "reads" | "steers" | "changes";

/** Of some the request decides, as when it asks for a dry run. */
export type EffectOf<Request> = Effect | ((request: Request) => Effect);

/** For each method of a service. */
export type Effects<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethod
    ? EffectOf<MessageShape<Service["method"][Name]["input"]>>
    : never;
};

const unlessDry = ({ dryRun }: { readonly dryRun: boolean }): Effect => (dryRun ? "reads" : "changes");

export const BLOB_EFFECTS: Effects<typeof BlobService> = {
  statBlob: "reads",
  readBlob: "reads",
  mountBlob: "changes",
  deleteBlob: "changes",
};

export const UPLOAD_EFFECTS: Effects<typeof UploadService> = {
  createUpload: "changes",
  getUpload: "reads",
  writeUpload: "changes",
  commitUpload: "changes",
  cancelUpload: "changes",
  listUploads: "reads",
};

export const MANIFEST_EFFECTS: Effects<typeof ManifestService> = {
  putManifest: "changes",
  getManifest: "reads",
  statManifest: "reads",
  deleteManifest: "changes",
  deleteTag: "changes",
  listTagHistory: "reads",
  restoreTag: "changes",
  listDeletedManifests: "reads",
  undeleteManifest: "changes",
  listTags: "reads",
  listReferrers: "reads",
  listRepositories: "reads",
};

export const USAGE_EFFECTS: Effects<typeof UsageService> = {
  getUsage: "reads",
};

export const EVENT_EFFECTS: Effects<typeof EventService> = {
  subscribe: "reads",
  listEvents: "reads",
  createConsumer: "steers",
  acknowledgeEvents: "steers",
  listConsumers: "reads",
  deleteConsumer: "steers",
};

export const NOTIFICATION_EFFECTS: Effects<typeof NotificationService> = {
  listWebhooks: "reads",
  getWebhook: "reads",
  testWebhook: "steers",
  pauseWebhook: "steers",
  resumeWebhook: "steers",
  replayWebhook: "steers",
  listDeliveries: "reads",
  listDeadLetters: "reads",
  redeliverDeadLetters: "steers",
  deleteDeadLetters: "steers",
};

export const MAINTENANCE_EFFECTS: Effects<typeof MaintenanceService> = {
  getMaintenanceStatus: "reads",
  runCollection: unlessDry,
  explainBlob: "reads",
  simulateRetention: "reads",
  applyRetention: "changes",
  // What it finds damaged it puts aside.
  runScrub: "changes",
  runFsck: ({ repair }) => (repair ? "changes" : "reads"),
  purgeUploads: unlessDry,
  takeSnapshot: "reads",
  purgeDeletedManifests: "changes",
};

export const AUTH_EFFECTS: Effects<typeof AuthService> = {
  getIdentity: "reads",
  checkAccess: "reads",
  explainAccess: "reads",
  issueToken: "steers",
  getSigningKeys: "reads",
  createAccessToken: "steers",
  listAccessTokens: "reads",
  revokeAccessToken: "steers",
};
