// Errors on their way out: a RegistryError becomes a Connect error whose details
// carry every problem's code and facts. Anything else becomes "internal" without
// a text, so that nothing leaks; its cause is kept for the log.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { BlobUnreadable } from "../core/damage.ts";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import type { ErrorCode, Problem } from "../oci/errors.ts";
import { RegistryError } from "../oci/errors.ts";

/** ErrorInfo.domain of every error of ours. */
export const ERROR_DOMAIN = "stowage";

/** The code under which each travels over Connect, gRPC and gRPC-Web. */
export const CONNECT_CODES: Readonly<Record<ErrorCode, Code>> = {
  ACCESS_TOKEN_UNKNOWN: Code.NotFound,
  BLOB_IN_USE: Code.FailedPrecondition,
  BLOB_UNKNOWN: Code.NotFound,
  BLOB_UPLOAD_INVALID: Code.Aborted,
  BLOB_UPLOAD_UNKNOWN: Code.NotFound,
  CONSUMER_INVALID: Code.InvalidArgument,
  CONSUMER_LIMIT: Code.ResourceExhausted,
  CONSUMER_TAKEN: Code.Aborted,
  CONSUMER_UNKNOWN: Code.NotFound,
  CURSOR_EXPIRED: Code.OutOfRange,
  CURSOR_INVALID: Code.InvalidArgument,
  DEAD_LETTER_UNKNOWN: Code.NotFound,
  DENIED: Code.PermissionDenied,
  DIGEST_INVALID: Code.InvalidArgument,
  FILTER_INVALID: Code.InvalidArgument,
  INSUFFICIENT_STORAGE: Code.ResourceExhausted,
  KIND_INVALID: Code.InvalidArgument,
  MAINTENANCE_RUNNING: Code.Aborted,
  MANIFEST_BLOB_UNKNOWN: Code.FailedPrecondition,
  MANIFEST_IN_USE: Code.FailedPrecondition,
  MANIFEST_INVALID: Code.InvalidArgument,
  MANIFEST_UNKNOWN: Code.NotFound,
  MANIFEST_UNVERIFIED: Code.InvalidArgument,
  NAME_INVALID: Code.InvalidArgument,
  NAME_UNKNOWN: Code.NotFound,
  PAGINATION_NUMBER_INVALID: Code.InvalidArgument,
  PAGINATION_TOKEN_INVALID: Code.InvalidArgument,
  PRECONDITION_FAILED: Code.Aborted,
  RANGE_INVALID: Code.OutOfRange,
  REQUEST_INVALID: Code.InvalidArgument,
  REQUEST_TIMEOUT: Code.DeadlineExceeded,
  SIZE_INVALID: Code.InvalidArgument,
  TAG_INVALID: Code.InvalidArgument,
  TOOMANYREQUESTS: Code.ResourceExhausted,
  UNAUTHORIZED: Code.Unauthenticated,
  UNAVAILABLE: Code.Unavailable,
  UNSUPPORTED: Code.Unimplemented,
  WEBHOOK_UNKNOWN: Code.NotFound,
};

/** How many problems one error carries; a client with more must come again. */
const MAX_PROBLEMS = 1000;

/** The same over gRPC, which sends them in a header; headers have limits. */
const MAX_PROBLEMS_GRPC = 100;

/** The Connect error for whatever was thrown, as the protocol ("grpc", "connect", …) can carry it. */
export function toConnectError(error: unknown, protocolName = ""): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof RegistryError))
    return new ConnectError("internal error", Code.Internal, undefined, undefined, error);
  const most = protocolName === "grpc" ? MAX_PROBLEMS_GRPC : MAX_PROBLEMS;
  const details = error.problems.slice(0, most).map(errorInfo);
  // What a message quotes may have been cut within a character; gRPC cannot send half of one, and would never answer.
  const message = error.message.toWellFormed();
  return new ConnectError(message, CONNECT_CODES[error.code], headersOf(error), details, error);
}

/** What HTTP clients look for in headers; the details have it, too. */
function headersOf({ problems }: RegistryError): Record<string, string> | undefined {
  const metadata = problems[0]?.metadata ?? {};
  const { challenge, retry_after: seconds } = metadata;
  if (challenge !== undefined) return { "WWW-Authenticate": challenge };
  return seconds === undefined ? undefined : { "Retry-After": seconds };
}

function errorInfo({ code, message, metadata }: Problem) {
  return {
    desc: ErrorInfoSchema,
    value: { reason: code, domain: ERROR_DOMAIN, metadata: { ...metadata, message } },
  };
}

type Handler = (request: unknown, context: HandlerContext) => unknown;
type StreamHandler = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;

/** Told of every error that was our own fault, with the method's name. */
export type Report = (error: unknown, method: string) => void;

/**
 * The service with its errors translated, also in the middle of a stream. Wraps the
 * methods themselves: an interceptor would cost every call a request object.
 */
export function withErrors<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  report: Report,
): ServiceImpl<S> {
  const methods: Readonly<Record<string, unknown>> = { ...implementation };
  const wrapped = service.methods.map((method) => {
    const fail = failure(report, `${service.typeName}/${method.name}`);
    const handler = methods[method.localName];
    return [
      method.localName,
      method.methodKind === "server_streaming"
        ? wrapStream(handler as StreamHandler, fail)
        : wrapCall(handler as Handler, fail),
    ];
  });
  return Object.fromEntries(wrapped); // the same methods under the same names
}

/** What runs before a method's message is read, with its errors translated. */
export function withGateErrors(
  method: DescMethod,
  gate: (context: HandlerContext) => void | Promise<void>,
  report: Report,
): (context: HandlerContext) => Promise<void> {
  const fail = failure(report, `${method.parent.typeName}/${method.name}`);
  return async (context) => {
    try {
      await gate(context);
    } catch (error) {
      throw fail(error, context);
    }
  };
}

type Fail = (error: unknown, context: HandlerContext) => ConnectError;

function failure(report: Report, method: string): Fail {
  return (error, { protocolName }) => {
    const translated = toConnectError(error, protocolName);
    if (error instanceof RegistryError && error.cause instanceof BlobUnreadable) report(error.cause, method);
    else if (translated.code === Code.Internal && !isClients(error)) report(error, method);
    return translated;
  };
}

/** True for what comes from the request's own stream: the client left, or sent what is no message. */
function isClients(error: unknown): boolean {
  if (error instanceof ConnectError) return true;
  return error instanceof Error && "code" in error && GONE.has(error.code);
}

/** What Node says of a stream whose other end has left. */
const GONE: ReadonlySet<unknown> = new Set([
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
  "ERR_HTTP2_INVALID_STREAM",
]);

function wrapCall(handler: Handler, fail: Fail): Handler {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      throw fail(error, context);
    }
  };
}

function wrapStream(handler: StreamHandler, fail: Fail): StreamHandler {
  return async function* (request, context) {
    try {
      yield* handler(request, context);
    } catch (error) {
      throw fail(error, context);
    }
  };
}
