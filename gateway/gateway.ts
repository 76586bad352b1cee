// The porch: speaks the Docker/OCI HTTP API to clients and protobuf to the
// registry, wherever that is. Keeps nothing between two requests.
import { type CallOptions, type ContextValues, createClient, type Transport } from "@connectrpc/connect";
import { AuthService } from "../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../src/gen/stowage/v1/blob_service_pb.ts";
import { ManifestService } from "../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../src/gen/stowage/v1/upload_service_pb.ts";
import { ERROR_MESSAGES } from "../src/oci/errors.ts";
import { answer } from "./answer.ts";
import { Refusal } from "./errors.ts";
import type { Exchange, GatewayLimits, GatewayLogger, Services } from "./exchange.ts";
import type { HttpRequest, HttpResponse } from "./http-messages.ts";
import type { GatewayObserver } from "./observer.ts";
import { blobReaderOf } from "./read-blob.ts";
import { refuse } from "./refuse.ts";
import { readTarget } from "./request-target.ts";
import { createRouter, type Match, type Router } from "./router.ts";
import { ROUTES } from "./routes.ts";

export { handles } from "./request-target.ts";

export const DEFAULT_LIMITS: GatewayLimits = {
  maxUrlLength: 8192,
  maxManifestSize: 4 * 1024 * 1024,
  maxTags: 1000,
  maxCatalogEntries: 1000,
  maxRanges: 16,
  progressTimeoutMs: 60_000,
};

export interface GatewayOptions {
  /** How the registry is reached: in this process, or over the network. */
  readonly transport: Transport;
  /**
   * What goes with each call: how a registry in this process is told of the request behind it. Absent: it is not
   * told.
   */
  readonly contextValues?: (request: HttpRequest) => ContextValues;
  /** The same for a registry elsewhere, as headers; wins over contextValues. Must not throw. */
  readonly callOptions?: (request: HttpRequest) => CallOptions;
  /**
   * What stands before the paths of `Location` and `Link`: "/prefix", or "https://host/prefix". Absent, or "": nothing;
   * they are relative.
   */
  readonly base?: (request: HttpRequest) => string;
  /** Absent members are DEFAULT_LIMITS. */
  readonly limits?: Partial<GatewayLimits>;
  /** Absent: nothing is logged. */
  readonly logger?: GatewayLogger;
  /** Absent: nobody watches. */
  readonly observer?: GatewayObserver | undefined;
  /** What a request is called: told in its answer's X-Request-Id. Absent: it has no name. */
  readonly requestId?: (request: HttpRequest) => string;
}

/** Answers one request. Both of HTTP/1.1 and HTTP/2 (compatibility API) may come. */
export type GatewayListener = (request: HttpRequest, response: HttpResponse) => void;

/** A listener for every request whose target `handles` knows. */
export function createGateway(options: GatewayOptions): GatewayListener {
  const { transport, base = relative, limits, logger, observer, requestId } = options;
  const common = {
    callFor: callsOf(options),
    base,
    services: {
      blobs: createClient(BlobService, transport),
      uploads: createClient(UploadService, transport),
      manifests: createClient(ManifestService, transport),
      auth: createClient(AuthService, transport),
      readBlob: blobReaderOf(transport),
    },
    limits: { ...DEFAULT_LIMITS, ...limits },
    logger,
    observer,
    requestId,
  };
  const router = createRouter(ROUTES);
  return (request, response) => {
    response.on("error", ignore); // A client that left; whoever waits for the response hears of it by "close".
    let target: Target;
    try {
      target = findTarget(router, request.url ?? "", common.limits.maxUrlLength);
    } catch (error) {
      refuse(openExchange(common, request, response, NOWHERE), error);
      return;
    }
    const exchange = openExchange(common, request, response, target);
    const { name: handler } = target.resource;
    if (handler !== undefined) {
      const { repository, argument } = target;
      observer?.routed(request, { handler, repository, argument });
    }
    const handle = target.resource.handlers.get(exchange.method) ?? answerOtherMethods;
    handle(exchange).catch((error: unknown) => refuse(exchange, error));
  };
}

interface Common {
  readonly callFor: (request: HttpRequest) => CallOptions;
  readonly base: (request: HttpRequest) => string;
  readonly services: Services;
  readonly limits: GatewayLimits;
  readonly logger: GatewayLogger | undefined;
  readonly observer: GatewayObserver | undefined;
  readonly requestId: GatewayOptions["requestId"] | undefined;
}

interface Target extends Match {
  readonly query: string;
}

const NO_OPTIONS: CallOptions = {};

function callsOf({ contextValues, callOptions }: GatewayOptions): Common["callFor"] {
  if (callOptions !== undefined) return callOptions;
  if (contextValues === undefined) return () => NO_OPTIONS;
  return (request) => ({ contextValues: contextValues(request) });
}

function relative(): string {
  return "";
}

/** Stands in where a request has no target. */
const NOWHERE: Target = {
  resource: { handlers: new Map(), allowed: [] },
  repository: "",
  argument: "",
  query: "",
};

function openExchange(
  { callFor, base, services, limits, logger, observer, requestId }: Common,
  request: HttpRequest,
  response: HttpResponse,
  { resource, repository, argument, query }: Target,
): Exchange {
  return {
    request,
    response,
    method: request.method ?? "GET",
    repository,
    argument,
    query,
    allowed: resource.allowed,
    services,
    call: callFor(request),
    base,
    limits,
    logger,
    observer,
    requestId,
  };
}

function findTarget(router: Router, url: string, maxLength: number): Target {
  if (url.length > maxLength) throw urlTooLong(url, maxLength);
  const { path, query } = readTarget(url);
  const match = router(path);
  if (match === undefined) throw pathUnknown(path);
  const { resource, repository, argument } = match;
  return { resource, repository, argument, query };
}

/** Methods that the path does not have in the table. */
async function answerOtherMethods(exchange: Exchange): Promise<void> {
  const { method, allowed } = exchange;
  if (method !== "OPTIONS") throw methodUnknown(method);
  answer(exchange, 204, { Allow: allowed.join(", ") });
}

function urlTooLong(url: string, limit: number): Refusal {
  const message = `the request target has ${url.length} characters; at most ${limit} are accepted`;
  return new Refusal({ status: 414, problems: [{ code: "REQUEST_INVALID", message }] });
}

function pathUnknown(path: string): Refusal {
  const problem = { code: "UNSUPPORTED", message: `there is nothing at "${path}"` } as const;
  return new Refusal({ status: 404, problems: [problem] });
}

function methodUnknown(method: string): Refusal {
  const problem = { code: "UNSUPPORTED", message: ERROR_MESSAGES.UNSUPPORTED, detail: { method } } as const;
  return new Refusal({ status: 405, problems: [problem] });
}

function ignore(): void {}
