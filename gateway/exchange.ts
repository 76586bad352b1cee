// One request and its answer on their way through the gateway, with all that a
// handler may need. Made once per request by gateway.ts.
import type { CallOptions, Client } from "@connectrpc/connect";
import type { AuthService } from "../src/gen/stowage/v1/auth_service_pb.ts";
import type { BlobService } from "../src/gen/stowage/v1/blob_service_pb.ts";
import type { ManifestService } from "../src/gen/stowage/v1/manifest_service_pb.ts";
import type { UploadService } from "../src/gen/stowage/v1/upload_service_pb.ts";
import type { HttpRequest, HttpResponse } from "./http-messages.ts";
import type { GatewayObserver } from "./observer.ts";
import type { ReadBlob } from "./read-blob.ts";

/** The registry behind the gateway. */
export interface Services {
  readonly blobs: Omit<Client<typeof BlobService>, "readBlob">;
  readonly uploads: Client<typeof UploadService>;
  readonly manifests: Client<typeof ManifestService>;
  readonly auth: Client<typeof AuthService>;
  readonly readBlob: ReadBlob;
}

/** Told of what is not the client's fault. pino's loggers fit. */
export interface GatewayLogger {
  error(fields: object, message: string): void;
}

/** What a request may ask for, and for how long a client may be silent. */
export interface GatewayLimits {
  /** The longest request target, in characters. More is answered 414. */
  readonly maxUrlLength: number;
  /** The largest manifest, in bytes. More is answered 413. */
  readonly maxManifestSize: number;
  /** The most tags in one page, and the page without `n`. */
  readonly maxTags: number;
  /** The most repositories in one page. */
  readonly maxCatalogEntries: number;
  /** The most parts of one multiple-range answer; a request for more gets the whole blob. */
  readonly maxRanges: number;
  /** How long a client may neither send nor take a byte before it is cut off, in milliseconds. */
  readonly progressTimeoutMs: number;
}

export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly method: string;
  /** The path's {name}, decoded, not yet checked. Empty where the path has none. */
  readonly repository: string;
  /** The path's other placeholder, decoded, not yet checked. Empty where the path has none. */
  readonly argument: string;
  /** What stands behind "?", still encoded. */
  readonly query: string;
  /** The methods that this path knows; for `Allow`. */
  readonly allowed: readonly string[];
  readonly services: Services;
  /** Goes with every call: it tells the registry who asks. */
  readonly call: CallOptions;
  /** What stands before the paths of `Location` and `Link`. */
  readonly base: (request: HttpRequest) => string;
  readonly limits: GatewayLimits;
  readonly logger: GatewayLogger | undefined;
  readonly observer: GatewayObserver | undefined;
  /** What the request is called; undefined: it has no name. */
  readonly requestId: ((request: HttpRequest) => string) | undefined;
}

/** Answers one exchange. What it throws is printed by refuse.ts. */
export type Handler = (exchange: Exchange) => Promise<void>;
