// The way from a gateway to its registry, and what is said about it in the log: that
// the registry does not let the gateway in, which no client could tell.
import type { Agent } from "node:http";
import {
  type CallOptions,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import { MAX_RESPONSE_MESSAGE } from "../server/limits.ts";

export interface UpstreamOptions {
  readonly url: string;
  readonly agent: Agent;
  /** The gateway's own Authorization. */
  readonly authorization: () => string | undefined;
  /** True: it has credentials of its own, which may be refused. */
  readonly hasCredentials: boolean;
  readonly logger: UpstreamLogger;
  /** Around every call on behalf of a client, outermost first. Absent: none. */
  readonly interceptors?: readonly Interceptor[];
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** pino's loggers fit. */
export interface UpstreamLogger {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** How often it is looked into why the registry refuses, in milliseconds. */
const CHECK_EVERY_MS = 60_000;

/** How long that may take. */
const CHECK_TIMEOUT_MS = 10_000;

/** A registry elsewhere. */
export class Upstream {
  readonly transport: Transport;
  /** For calls on the gateway's own behalf: without what is done around those of its clients. */
  readonly ownTransport: Transport;
  readonly #options: UpstreamOptions;
  readonly #ask: () => Promise<string>;
  #checkAgainAt = Number.NEGATIVE_INFINITY;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.transport = createTransport(options, [...(options.interceptors ?? []), this.#explain]);
    this.ownTransport = createTransport(options, []);
    const auth = createClient(AuthService, this.ownTransport);
    this.#ask = async () => (await auth.getIdentity({}, ownCall(options))).principal;
  }

  /** Asks the registry whether it knows this gateway, and logs what it says; not more often than once a minute. */
  async check(): Promise<void> {
    const { url, hasCredentials, logger, now } = this.#options;
    if (!hasCredentials || now() < this.#checkAgainAt) return;
    this.#checkAgainAt = now() + CHECK_EVERY_MS;
    try {
      logger.info({ upstream: url, principal: await this.#ask() }, "the registry knows this gateway");
    } catch (error) {
      if (!isRefusal(error)) return; // Away, or older: clients hear of it.
      const { rawMessage: reason } = ConnectError.from(error);
      logger.error({ upstream: url, reason }, "the registry refuses this gateway's own credentials");
    }
  }

  readonly #explain: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (isRefusal(error)) void this.check(); // The client's credentials, or ours?
      throw asUnreachable(error);
    }
  };
}

/** Bulk bytes travel twice as fast over HTTP/1.1 as over HTTP/2, one connection for each call that runs. */
function createTransport({ url, agent }: UpstreamOptions, interceptors: Interceptor[]): Transport {
  return createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    nodeOptions: { agent },
    interceptors,
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_MESSAGE,
  });
}

function ownCall({ authorization }: UpstreamOptions): CallOptions {
  const own = authorization();
  return { timeoutMs: CHECK_TIMEOUT_MS, ...(own !== undefined && { headers: { authorization: own } }) };
}

function isRefusal(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.Unauthenticated;
}

/** What TLS and the rarer failures of a network mean is not known to Connect, which calls them internal errors. */
export function asUnreachable(error: unknown): unknown {
  if (!(error instanceof ConnectError) || error.code !== Code.Internal) return error;
  const { cause } = error;
  if (!(cause instanceof Error) || cause instanceof TypeError) return error;
  const isSystems = "syscall" in cause || ("code" in cause && TLS_CODE.test(String(cause.code)));
  return isSystems ? new ConnectError(cause.message, Code.Unavailable, undefined, undefined, cause) : error;
}

/** OpenSSL's and Node's own codes. */
const TLS_CODE =
  /^(?:EPROTO$|ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_)/;
