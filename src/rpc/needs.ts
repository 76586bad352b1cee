// What each call needs: the one table that reception asks. A method that is not in it
// does not compile, and test/access/rpc-matrix.test.ts tries each.
import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import type { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import type { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import type { MaintenanceService } from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import type { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import type { UploadService, WriteUploadRequest } from "../gen/stowage/v1/upload_service_pb.ts";
import type { UsageService } from "../gen/stowage/v1/usage_service_pb.ts";
import type { Action, Need } from "../oci/access.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { parseActions } from "./actions.ts";

/**
 * open: anybody may ask, but wrong credentials are refused. credential: some credential must be shown, be it an
 * anonymous token. principal: the caller must be somebody. Needs: the policy and the credential must allow them.
 */
export type Demand = "open" | "credential" | "principal" | readonly Need[];

/** Of a client stream the first message tells. Throws NAME_INVALID, REQUEST_INVALID. */
export type DemandOf<Request> = (request: Request) => Demand;

/** For each method of a service. */
export type Demands<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethod
    ? DemandOf<MessageShape<Service["method"][Name]["input"]>>
    : never;
};

interface InRepository {
  readonly repository: string;
}

const on =
  (...actions: readonly Action[]) =>
  ({ repository }: InRepository): Demand => [needOf(repository, actions)];

function needOf(repository: string, actions: readonly Action[]): Need {
  return { kind: "repository", repository: parseRepositoryName(repository), actions };
}

const ADMIN: Demand = [{ kind: "registry", part: "admin" }];
const EVENTS: Demand = [{ kind: "registry", part: "events" }];
const CATALOG: Demand = [{ kind: "registry", part: "catalog" }];

const pull = on("pull");
/** Distribution demands both for everything that belongs to a push; so do the tokens that clients fetch. */
const push = on("pull", "push");
const remove = on("delete");
const admin = () => ADMIN;
const events = () => EVENTS;

export const BLOB_DEMANDS: Demands<typeof BlobService> = {
  statBlob: pull,
  readBlob: pull,
  mountBlob: ({ repository, fromRepository }) => [
    needOf(repository, ["pull", "push"]),
    ...(fromRepository === undefined ? [] : [needOf(fromRepository, ["pull"])]),
  ],
  deleteBlob: remove,
};

export const UPLOAD_DEMANDS: Demands<typeof UploadService> = {
  createUpload: push,
  getUpload: push,
  writeUpload: ({ part }: WriteUploadRequest) => (part.case === "start" ? push(part.value) : "principal"),
  commitUpload: push,
  cancelUpload: push,
  listUploads: ({ repository }) => (repository === undefined ? ADMIN : push({ repository })),
};

export const MANIFEST_DEMANDS: Demands<typeof ManifestService> = {
  putManifest: push,
  getManifest: pull,
  statManifest: pull,
  deleteManifest: remove,
  deleteTag: remove,
  listTagHistory: pull,
  restoreTag: push,
  listDeletedManifests: (request) => (request.repository === "" ? ADMIN : pull(request)),
  undeleteManifest: push,
  listTags: pull,
  listReferrers: pull,
  listRepositories: () => CATALOG,
};

export const USAGE_DEMANDS: Demands<typeof UsageService> = {
  getUsage: ({ scope }) => (scope.case === "repository" ? pull({ repository: scope.value }) : ADMIN),
};

export const EVENT_DEMANDS: Demands<typeof EventService> = {
  subscribe: events,
  listEvents: events,
  createConsumer: events,
  acknowledgeEvents: events,
  listConsumers: events,
  deleteConsumer: events,
};

export const NOTIFICATION_DEMANDS: Demands<typeof NotificationService> = {
  listWebhooks: admin,
  getWebhook: admin,
  testWebhook: admin,
  pauseWebhook: admin,
  resumeWebhook: admin,
  replayWebhook: admin,
  listDeliveries: admin,
  listDeadLetters: admin,
  redeliverDeadLetters: admin,
  deleteDeadLetters: admin,
};

export const MAINTENANCE_DEMANDS: Demands<typeof MaintenanceService> = {
  getMaintenanceStatus: admin,
  runCollection: admin,
  explainBlob: admin,
  simulateRetention: admin,
  applyRetention: admin,
  runScrub: admin,
  runFsck: admin,
  purgeUploads: admin,
  takeSnapshot: admin,
  purgeDeletedManifests: admin,
};

export const AUTH_DEMANDS: Demands<typeof AuthService> = {
  getIdentity: () => "credential",
  checkAccess: ({ repository, actions }) => [needOf(repository, parseActions(actions))],
  explainAccess: () => "principal",
  issueToken: () => "open",
  getSigningKeys: () => "open",
  createAccessToken: () => "principal",
  listAccessTokens: () => "principal",
  revokeAccessToken: () => "principal",
};
