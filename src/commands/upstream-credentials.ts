// How a gateway proves who it is to the registry behind it: a token, or a client
// certificate, from files that may be replaced while it runs.
import { Agent as HttpAgent } from "node:http";
import { WatchedFile } from "../auth/watched-file.ts";
import type { Logger } from "../telemetry/logger.ts";
import { bearer, CREDENTIAL_VARIABLES } from "./remote-credentials.ts";
import { type TlsFiles, tlsAgent } from "./remote-tls.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** What the command line says about it; absent members are as good as never said. */
export interface UpstreamFiles extends TlsFiles {
  readonly tokenFile?: string;
}

export interface Watching {
  readonly world: World;
  readonly logger: Logger;
}

/** The gateway's own Authorization. */
export interface OwnAuthorization {
  /** As it is now; undefined: it has none. */
  readonly read: () => string | undefined;
  readonly close: () => void;
}

/** Throws CommandFailure. */
export async function openOwnAuthorization(
  { tokenFile }: UpstreamFiles,
  { world, logger }: Watching,
): Promise<OwnAuthorization> {
  const { environment } = world;
  const { token: variable, tokenFile: fileVariable } = CREDENTIAL_VARIABLES;
  const given = environment[variable] || undefined;
  const path = tokenFile ?? (given === undefined ? environment[fileVariable] || undefined : undefined);
  if (path === undefined) {
    const header = given === undefined ? undefined : bearer(given, `$${variable}`);
    return { read: () => header, close: () => undefined };
  }
  const name = tokenFile === undefined ? `$${fileVariable}` : "--token-file";
  const file = await openFile(path, name, logger);
  return { read: () => file.current(), close: () => file.close() };
}

/** What cannot be a token does not replace one that was. */
async function openFile(path: string, name: string, logger: Logger): Promise<WatchedFile<string>> {
  try {
    return await WatchedFile.open({
      path,
      parse: (text) => bearer(text, "it"),
      report: (message, facts) => logger.warn(facts, message),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usage(`${name}: ${reason}`, cause);
  }
}

/** Keeps as many connections as were needed at once; the upstream's idle timeout closes them. */
const POOL = { keepAlive: true, maxFreeSockets: 1024, scheduling: "lifo" } as const;

/** The connections to the registry. Throws CommandFailure. */
export function upstreamAgent(upstream: string, files: UpstreamFiles): HttpAgent {
  if (upstream.startsWith("https:")) return tlsAgent(files, POOL);
  const { ca, cert, key } = files;
  if (ca !== undefined || cert !== undefined || key !== undefined)
    throw usage(`--ca, --cert and --key are for an upstream with https, not for ${upstream}`);
  return new HttpAgent(POOL);
}

function usage(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, cause });
}
