// The dictionary's error: every failure a client may act on is a RegistryError
// with one of these codes. core throws it, rpc carries it, gateway prints it.
// distribution-spec, Error Codes.

/** All codes, with the sentence used where no better one is known. Stable: clients match on them. */
export const ERROR_MESSAGES = {
  ACCESS_TOKEN_UNKNOWN: "access token unknown to registry",
  BLOB_IN_USE: "a manifest needs the blob",
  BLOB_UNKNOWN: "blob unknown to registry",
  BLOB_UPLOAD_INVALID: "blob upload invalid",
  BLOB_UPLOAD_UNKNOWN: "blob upload unknown to registry",
  CONSUMER_INVALID: "invalid consumer name",
  CONSUMER_LIMIT: "there are as many consumers as the registry allows",
  CONSUMER_TAKEN: "somebody else continued as this consumer",
  CONSUMER_UNKNOWN: "consumer unknown to registry",
  CURSOR_EXPIRED: "events behind the cursor were removed",
  CURSOR_INVALID: "event cursor invalid",
  DEAD_LETTER_UNKNOWN: "dead letter unknown to registry",
  DENIED: "requested access to the resource is denied",
  DIGEST_INVALID: "provided digest did not match uploaded content",
  FILTER_INVALID: "event filter invalid",
  INSUFFICIENT_STORAGE: "the registry has no space left",
  KIND_INVALID: "event kind invalid",
  MAINTENANCE_RUNNING: "the same maintenance is running already",
  MANIFEST_BLOB_UNKNOWN: "manifest references a manifest or blob unknown to registry",
  MANIFEST_IN_USE: "an index needs the manifest",
  MANIFEST_INVALID: "manifest invalid",
  MANIFEST_UNKNOWN: "manifest unknown to registry",
  MANIFEST_UNVERIFIED: "manifest failed signature verification",
  NAME_INVALID: "invalid repository name",
  NAME_UNKNOWN: "repository name not known to registry",
  PAGINATION_NUMBER_INVALID: "invalid number of results requested",
  PAGINATION_TOKEN_INVALID: "invalid page token",
  PRECONDITION_FAILED: "the tag is not as the request requires",
  RANGE_INVALID: "invalid content range",
  REQUEST_INVALID: "the request cannot be understood",
  REQUEST_TIMEOUT: "the client sent nothing for too long",
  SIZE_INVALID: "provided length did not match content length",
  TAG_INVALID: "invalid tag name",
  TOOMANYREQUESTS: "too many requests",
  UNAUTHORIZED: "authentication required",
  UNAVAILABLE: "the registry cannot serve this now",
  UNSUPPORTED: "the operation is unsupported",
  WEBHOOK_UNKNOWN: "webhook unknown to registry",
} as const;

/** A stable error code; OCI's where OCI has one. */
export type ErrorCode = keyof typeof ERROR_MESSAGES;

/** Facts about an error, for programs: names and numbers as text. */
export type ErrorMetadata = Readonly<Record<string, string>>;

/** One problem. A RegistryError holds at least one. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly metadata: ErrorMetadata;
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_MESSAGES, text);
}

export interface RegistryErrorOptions {
  /** For people; quotes the offending value. Absent: the code's own sentence. */
  readonly message?: string;
  /** What went wrong below; logged, never sent. */
  readonly cause?: unknown;
}

/** A failure that a client may act on. Anything else that is thrown is our own mistake. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  /** All problems, the first one being this error's own. More than one only where a request has several. */
  readonly problems: readonly [Problem, ...Problem[]];

  constructor(code: ErrorCode, metadata: ErrorMetadata = {}, options: RegistryErrorOptions = {}) {
    const message = options.message ?? ERROR_MESSAGES[code];
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.problems = [{ code, message, metadata }];
  }

  /** One error for several problems of one request, in the given order. */
  static of(problems: readonly [Problem, ...Problem[]]): RegistryError {
    const [first] = problems;
    const error = new RegistryError(first.code, first.metadata, { message: first.message });
    Object.defineProperty(error, "problems", { value: problems, enumerable: true });
    return error;
  }

  get code(): ErrorCode {
    return this.problems[0].code;
  }

  get metadata(): ErrorMetadata {
    return this.problems[0].metadata;
  }
}
