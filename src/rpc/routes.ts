// The one place where services are mounted: the server, the direct transport and
// the tests all take their routes from here.
import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../gen/stowage/v1/notification_service_pb.ts";
import { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import type { Notifier } from "../notify/notifier.ts";
import { blobService } from "./blob-service.ts";
import { type Report, withErrors } from "./errors.ts";
import { type EventServiceOptions, eventService } from "./event-service.ts";
import { manifestService } from "./manifest-service.ts";
import { notificationService } from "./notification-service.ts";
import { uploadService } from "./upload-service.ts";

export interface RouteOptions extends EventServiceOptions {
  readonly report: Report;
  readonly notifier: Notifier;
}

/** The services of stowage.v1. */
export const STOWAGE_SERVICES = [
  BlobService,
  UploadService,
  ManifestService,
  EventService,
  NotificationService,
] as const;

/**
 * Mounts services. The signal, where there is one, ends event streams, and stops those who redeliver after the event
 * they are at; other calls may finish.
 */
export type MountServices = (router: ConnectRouter, shutdownSignal?: AbortSignal) => void;

export function createRoutes(core: Core, options: RouteOptions): MountServices {
  const mounted = <S extends DescService>(service: S, implementation: ServiceImpl<S>) =>
    withErrors(service, implementation, options.report);
  return (router, shutdownSignal) => {
    const endless = shutdownSignal === undefined ? {} : { shutdownSignal };
    router.service(BlobService, mounted(BlobService, blobService(core.blobs)));
    router.service(UploadService, mounted(UploadService, uploadService(core.uploads)));
    router.service(ManifestService, mounted(ManifestService, manifestService(core)));
    router.service(EventService, mounted(EventService, eventService(core, options)), endless);
    const notification = notificationService(options.notifier);
    router.service(NotificationService, mounted(NotificationService, notification), endless);
  };
}
