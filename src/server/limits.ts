// What one client may cost, in one place. Every figure has its reason beside it.

/** Times in milliseconds, sizes in bytes. */
export interface ServerLimits {
  /** How long the head of a request may take. */
  readonly headerTimeoutMs: number;
  /** How long a connection is kept between two requests. */
  readonly idleTimeoutMs: number;
  /** How long a client may neither send what it announced nor take what it asked for. */
  readonly progressTimeoutMs: number;
  /** How long an HTTP/2 client may leave a ping unanswered before it counts as gone. */
  readonly pingIntervalMs: number;
  /** The most connections at a time; more are closed at once. */
  readonly maxConnections: number;
  /** The most connections at a time from one address (IPv6: one /64), trusted proxies excepted. 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** The most requests at a time on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** The longest head of a request. */
  readonly maxHeaderSize: number;
  /** How often the files of certificates are looked at. */
  readonly certificateCheckMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  headerTimeoutMs: 60_000,
  idleTimeoutMs: 75_000,
  progressTimeoutMs: 60_000,
  pingIntervalMs: 30_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  maxStreams: 256,
  // Room for long repository names, many tags in one query, and tokens of some kilobytes.
  maxHeaderSize: 32 * 1024,
  certificateCheckMs: 5000,
};

/** What one HTTP/2 stream may send before somebody reads it: memory, times the streams of all connections. */
export const STREAM_WINDOW = 1024 * 1024;

/** The same for a connection: enough for several streams over a long line. */
export const CONNECTION_WINDOW = 8 * 1024 * 1024;

/** In megabytes. Node's default of 10 fails at some 64 parallel streams of 256 KiB messages. */
export const MAX_SESSION_MEMORY = 256;

/** The largest request message: a manifest of 4 MiB fits, in JSON (base64) too. */
export const MAX_REQUEST_MESSAGE = 6 * 1024 * 1024;

/** The largest response message: a page of a listing has a bound of its own, well below. */
export const MAX_RESPONSE_MESSAGE = 16 * 1024 * 1024;
