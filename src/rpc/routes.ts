// The one place where services are mounted: the server, the direct transport and
// the tests all take their routes from here.
import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../gen/stowage/v1/maintenance_service_pb.ts";
import { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../gen/stowage/v1/usage_service_pb.ts";
import type { Notifier } from "../notify/notifier.ts";
import { withAdmission } from "./admission.ts";
import { type AuthServiceParts, authService } from "./auth-service.ts";
import { blobService } from "./blob-service.ts";
import type { CallObserver } from "./call-observer.ts";
import {
  AUTH_EFFECTS,
  BLOB_EFFECTS,
  type Effects,
  EVENT_EFFECTS,
  MAINTENANCE_EFFECTS,
  MANIFEST_EFFECTS,
  NOTIFICATION_EFFECTS,
  UPLOAD_EFFECTS,
  USAGE_EFFECTS,
} from "./effects.ts";
import { type Report, withErrors } from "./errors.ts";
import { type EventServiceOptions, eventService } from "./event-service.ts";
import type { MaintenanceParts } from "./maintenance-parts.ts";
import { maintenanceService } from "./maintenance-service.ts";
import { manifestService } from "./manifest-service.ts";
import { mount } from "./mount.ts";
import {
  AUTH_DEMANDS,
  BLOB_DEMANDS,
  type Demands,
  EVENT_DEMANDS,
  MAINTENANCE_DEMANDS,
  MANIFEST_DEMANDS,
  NOTIFICATION_DEMANDS,
  UPLOAD_DEMANDS,
  USAGE_DEMANDS,
} from "./needs.ts";
import { notificationService } from "./notification-service.ts";
import { uploadService } from "./upload-service.ts";
import { usageService } from "./usage-service.ts";
import { withObserver } from "./watched.ts";

export interface RouteOptions extends EventServiceOptions {
  readonly report: Report;
  readonly notifier: Notifier;
  readonly auth: AuthServiceParts;
  readonly maintenance: MaintenanceParts;
  /** Watches every call. Absent: nobody does. */
  readonly observer?: CallObserver | undefined;
}

/** The services of stowage.v1. */
export const STOWAGE_SERVICES = [
  BlobService,
  UploadService,
  ManifestService,
  UsageService,
  EventService,
  NotificationService,
  MaintenanceService,
  AuthService,
] as const;

/**
 * Mounts services. The signal, where there is one, ends event streams, and stops those who redeliver, and maintenance,
 * after the step they are at; other calls may finish.
 */
export type MountServices = (router: ConnectRouter, shutdownSignal?: AbortSignal) => void;

export function createRoutes(core: Core, options: RouteOptions): MountServices {
  const { reception, report, notifier, observer } = options;
  const behind = <S extends DescService>(
    service: S,
    [demands, effects]: readonly [Demands<S>, Effects<S>],
    implementation: ServiceImpl<S>,
  ) => {
    const admitted = withAdmission(service, implementation, { demands, effects, reception });
    return withObserver(service, withErrors(service, admitted, report), observer);
  };
  return (router, shutdownSignal) => {
    const usual = { reception, report };
    const endless = shutdownSignal === undefined ? usual : { ...usual, shutdownSignal };
    const blobs = blobService(core.blobs, reception);
    mount(router, BlobService, behind(BlobService, [BLOB_DEMANDS, BLOB_EFFECTS], blobs), usual);
    const uploads = uploadService(core.uploads);
    mount(router, UploadService, behind(UploadService, [UPLOAD_DEMANDS, UPLOAD_EFFECTS], uploads), usual);
    const manifests = manifestService(core, reception);
    mount(
      router,
      ManifestService,
      behind(ManifestService, [MANIFEST_DEMANDS, MANIFEST_EFFECTS], manifests),
      usual,
    );
    const usage = usageService(core, reception);
    mount(router, UsageService, behind(UsageService, [USAGE_DEMANDS, USAGE_EFFECTS], usage), usual);
    const events = eventService(core, options);
    mount(router, EventService, behind(EventService, [EVENT_DEMANDS, EVENT_EFFECTS], events), endless);
    const webhooks = notificationService(notifier);
    mount(
      router,
      NotificationService,
      behind(NotificationService, [NOTIFICATION_DEMANDS, NOTIFICATION_EFFECTS], webhooks),
      endless,
    );
    mount(
      router,
      MaintenanceService,
      behind(MaintenanceService, [MAINTENANCE_DEMANDS, MAINTENANCE_EFFECTS], maintenanceService(options)),
      endless,
    );
    mount(
      router,
      AuthService,
      behind(AuthService, [AUTH_DEMANDS, AUTH_EFFECTS], authService(options.auth)),
      usual,
    );
  };
}
