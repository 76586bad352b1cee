// From error code to HTTP status, in one table, and from whatever was thrown to
// what the client is told. Nothing else in the gateway knows what an error means.
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorInfo, ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.ts";
import {
  ERROR_MESSAGES,
  type ErrorCode,
  type ErrorMetadata,
  isErrorCode,
  RegistryError,
} from "../src/oci/errors.ts";
import type { ResponseHeaders } from "./http-messages.ts";

/** The status of each code. MANIFEST_INVALID is 413 where its metadata names a limit. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  ACCESS_TOKEN_UNKNOWN: 404,
  BLOB_IN_USE: 409,
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  CONSUMER_INVALID: 400,
  CONSUMER_LIMIT: 429,
  CONSUMER_TAKEN: 409,
  CONSUMER_UNKNOWN: 404,
  CURSOR_EXPIRED: 410,
  CURSOR_INVALID: 400,
  DEAD_LETTER_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  FILTER_INVALID: 400,
  INSUFFICIENT_STORAGE: 507,
  KIND_INVALID: 400,
  MAINTENANCE_RUNNING: 409,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_IN_USE: 409,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  MANIFEST_UNVERIFIED: 400,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  PAGINATION_TOKEN_INVALID: 400,
  PRECONDITION_FAILED: 412,
  RANGE_INVALID: 416,
  REQUEST_INVALID: 400,
  REQUEST_TIMEOUT: 408,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNSUPPORTED: 405,
  WEBHOOK_UNKNOWN: 404,
};

/** ErrorInfo.domain of the registry's own errors. */
const DOMAIN = "stowage";

/** Seconds after which a client may come again. */
const RETRY_AFTER: Readonly<Record<number, string>> = { 429: "1", 503: "5" };

/** Connect codes that mean, when the registry did not say more, that it could not be reached. */
const UNREACHABLE: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Aborted]);

/** Facts that the client gets as a header, by code. They are no part of the detail. */
const HEADER_FACTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  UNAUTHORIZED: "challenge",
  TOOMANYREQUESTS: "retry_after",
};

/** One problem as it is printed. UNKNOWN is for our own mistakes. */
export interface PrintedProblem {
  readonly code: ErrorCode | "UNKNOWN";
  readonly message: string;
  readonly detail?: ErrorMetadata;
}

/** An answer that is not a success. May be thrown by handlers that know more than a code. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly problems: readonly PrintedProblem[];
  readonly headers: ResponseHeaders;
  /** What is printed as JSON instead of OCI's errors. Absent: those. */
  readonly body: object | undefined;

  constructor(answer: RefusalParts) {
    super(answer.problems[0]?.message, { cause: answer.cause });
    this.status = answer.status;
    this.problems = answer.problems;
    this.headers = answer.headers ?? {};
    this.body = answer.body;
  }

  /** The same refusal with more headers. */
  with(headers: ResponseHeaders): Refusal {
    return new Refusal({ ...this, headers: { ...this.headers, ...headers }, cause: this.cause });
  }
}

interface RefusalParts extends Pick<Refusal, "status" | "problems"> {
  readonly headers?: ResponseHeaders;
  readonly body?: object | undefined;
  readonly cause?: unknown;
}

/** What the client is told about this error. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof RegistryError) return fromProblems(error.problems, error);
  if (!(error instanceof ConnectError)) return unknownError(error);
  const problems = error.findDetails(ErrorInfoSchema).filter((info) => info.domain === DOMAIN);
  if (problems.length > 0) return fromProblems(problems.map(readProblem), error);
  if (UNREACHABLE.has(error.code)) return fromProblems([unreachable()], error);
  return unknownError(error);
}

/** True when the error's first problem has this code. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  const code = refusalOf(error).problems[0]?.code;
  return code !== undefined && code !== "UNKNOWN" && codes.includes(code);
}

/** True when the error's first problem tells this fact. */
export function hasFact(error: unknown, name: string): boolean {
  return refusalOf(error).problems[0]?.detail?.[name] !== undefined;
}

/** True when the registry does not have what was asked for: it is older, or that part of it is switched off. */
export function isUnsupported(error: unknown): boolean {
  return (
    hasCode(error, "UNSUPPORTED") || (error instanceof ConnectError && error.code === Code.Unimplemented)
  );
}

/** Why the registry could not be reached; undefined: it could, and answered. */
export function unreachableReason(error: unknown): string | undefined {
  if (!(error instanceof ConnectError) || !UNREACHABLE.has(error.code)) return undefined;
  return error.findDetails(ErrorInfoSchema).length > 0 ? undefined : error.rawMessage;
}

interface ReadProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly metadata: ErrorMetadata;
}

function readProblem({ reason, metadata }: ErrorInfo): ReadProblem {
  const { message, ...facts } = metadata;
  // A newer registry may know codes that this gateway does not.
  if (!isErrorCode(reason)) return unreachable(message);
  return { code: reason, message: message ?? ERROR_MESSAGES[reason], metadata: facts };
}

function unreachable(message: string = ERROR_MESSAGES.UNAVAILABLE): ReadProblem {
  return { code: "UNAVAILABLE", message, metadata: {} };
}

function fromProblems(problems: readonly ReadProblem[], cause: unknown): Refusal {
  const [first = unreachable()] = problems;
  const status = statusOf(first);
  return new Refusal({
    status,
    problems: problems.map(printed),
    headers: { ...retryAfter(status, first), ...challengeOf(first) },
    cause,
  });
}

function retryAfter(status: number, { metadata }: ReadProblem): ResponseHeaders {
  const fallback = RETRY_AFTER[status];
  if (fallback === undefined) return {};
  const asked = Math.ceil(Number(metadata.retry_after));
  return { "Retry-After": status === 429 && asked > 0 && asked < Infinity ? String(asked) : fallback };
}

/** How the client can prove who it is. RFC 9110, 11.6.1. */
function challengeOf({ code, metadata: { challenge } }: ReadProblem): ResponseHeaders {
  if (code !== "UNAUTHORIZED" || challenge === undefined || !HEADER_VALUE.test(challenge)) return {};
  return { "WWW-Authenticate": challenge };
}

/** What may be sent as a header; Node would throw at anything else. RFC 9110, 5.5. */
const HEADER_VALUE = /^[\t\x20-\x7e]+$/;

function statusOf({ code, metadata }: ReadProblem): number {
  return code === "MANIFEST_INVALID" && metadata.limit !== undefined ? 413 : HTTP_STATUS[code];
}

function printed({ code, message, metadata }: ReadProblem): PrintedProblem {
  const facts = Object.entries(metadata).filter(([name]) => name !== HEADER_FACTS[code]);
  return facts.length === 0 ? { code, message } : { code, message, detail: Object.fromEntries(facts) };
}

function unknownError(cause: unknown): Refusal {
  return new Refusal({ status: 500, problems: [{ code: "UNKNOWN", message: "internal error" }], cause });
}
