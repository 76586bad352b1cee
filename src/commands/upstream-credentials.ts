// How a gateway proves who it is to the registry behind it: a token, or a client
// certificate, from files that may be replaced while it runs.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { createSecureContext } from "node:tls";
import type { Logger } from "../telemetry/logger.ts";
import { WatchedFile } from "./watched-file.ts";
import { CommandFailure, EXIT, errorCode, type World } from "./world.ts";

/** What the command line says about it; absent members are as good as never said. */
export interface UpstreamFiles {
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Watching {
  readonly world: World;
  readonly logger: Logger;
}

const TOKEN_VARIABLE = "STOWAGE_TOKEN";
const TOKEN_FILE_VARIABLE = "STOWAGE_TOKEN_FILE";

/** What a header can carry of a token. RFC 6750, 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The gateway's own Authorization, as it is now; undefined: it has none. Throws CommandFailure. */
export function ownAuthorization(files: UpstreamFiles, watching: Watching): () => string | undefined {
  const { environment } = watching.world;
  const path =
    files.tokenFile ?? (environment[TOKEN_VARIABLE] ? undefined : environment[TOKEN_FILE_VARIABLE]);
  if (path === undefined || path === "") {
    const token = environment[TOKEN_VARIABLE]?.trim() ?? "";
    return bearer(() => token, `$${TOKEN_VARIABLE}`, token !== "");
  }
  const name = files.tokenFile === undefined ? `$${TOKEN_FILE_VARIABLE}` : "--token-file";
  const file = watch(name, path, watching);
  return bearer(() => file.text.trim(), `${name} ${path}`, true);
}

function bearer(token: () => string, source: string, isExpected: boolean): () => string | undefined {
  if (isExpected && !TOKEN.test(token())) throw usage(`${source}: this is no token`); // which is not shown
  return () => (TOKEN.test(token()) ? `Bearer ${token()}` : undefined);
}

/**
 * Keeps as many connections as were needed at once; the upstream's idle timeout closes them. New ones are made with the
 * files as they are then. Throws CommandFailure.
 */
export function upstreamAgent(upstream: string, files: UpstreamFiles, watching: Watching): HttpAgent {
  const { ca, cert, key } = files;
  const options = { keepAlive: true, maxFreeSockets: 1024, scheduling: "lifo" } as const;
  if ((cert === undefined) !== (key === undefined)) throw usage("--cert and --key go together");
  if (!upstream.startsWith("https:")) {
    if (ca !== undefined || cert !== undefined)
      throw usage(`--ca, --cert and --key are for an upstream with https, not for ${upstream}`);
    return new HttpAgent(options);
  }
  const watched = {
    ...(ca !== undefined && { ca: watch("--ca", ca, watching) }),
    ...(cert !== undefined && { cert: watch("--cert", cert, watching) }),
    ...(key !== undefined && { key: watch("--key", key, watching) }),
  };
  const current = () => Object.fromEntries(Object.entries(watched).map(([name, { text }]) => [name, text]));
  try {
    createSecureContext(current());
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure(`--ca, --cert, --key: ${message}`, { exitCode: EXIT.usage, cause });
  }
  // A session that is resumed would keep the old certificate.
  return new CurrentFilesAgent({ ...options, maxCachedSessions: 0 }, current);
}

class CurrentFilesAgent extends HttpsAgent {
  readonly #current: () => RequestOptions;

  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], current: () => RequestOptions) {
    super(options);
    this.#current = current;
  }

  override createConnection(...[options, callback]: Parameters<HttpsAgent["createConnection"]>) {
    return super.createConnection({ ...options, ...this.#current() }, callback);
  }
}

function watch(name: string, path: string, { world, logger }: Watching): WatchedFile {
  try {
    return new WatchedFile({
      path,
      now: world.now,
      onUnreadable: (error) =>
        logger.warn(
          { path, reason: errorCode(error) },
          "a file cannot be read any more; what it held last is used",
        ),
    });
  } catch (error) {
    throw new CommandFailure(`${name}: cannot read ${path}: ${errorCode(error)}`, {
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
