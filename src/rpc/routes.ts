// The one place where services are mounted: the server, the direct transport and
// the tests all take their routes from here.
import type { ConnectRouter } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import { BlobService } from "../gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import { blobService } from "./blob-service.ts";
import { errorInterceptor } from "./errors.ts";
import { type EventServiceOptions, eventService } from "./event-service.ts";
import { manifestService } from "./manifest-service.ts";
import { uploadService } from "./upload-service.ts";

export interface RouteOptions extends EventServiceOptions {
  /** Told of every error that was our own fault, with the method's name. */
  readonly report: (error: unknown, method: string) => void;
}

/** The services of stowage.v1. */
export const STOWAGE_SERVICES = [BlobService, UploadService, ManifestService, EventService] as const;

export function createRoutes(core: Core, options: RouteOptions): (router: ConnectRouter) => void {
  const service = { interceptors: [errorInterceptor(options.report)] };
  return (router) => {
    router.service(BlobService, blobService(core.blobs), service);
    router.service(UploadService, uploadService(core.uploads), service);
    router.service(ManifestService, manifestService(core), service);
    router.service(EventService, eventService(core.events, options), service);
  };
}
