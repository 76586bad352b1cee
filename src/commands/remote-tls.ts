// TLS to a registry: which authorities a command trusts, and the certificate it shows.
import { Agent, type RequestOptions } from "node:https";
import { createSecureContext } from "node:tls";
import { CommandFailure, EXIT, readText } from "./world.ts";

/** Files in PEM form. Absent members are as good as never said. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** How connections are kept. */
type Pool = NonNullable<ConstructorParameters<typeof Agent>[0]>;

/** The connections to a registry with https. New ones are made with the files as they are then. Throws CommandFailure. */
export function tlsAgent({ ca, cert, key }: TlsFiles, pool: Pool = { keepAlive: true }): Agent {
  if ((cert === undefined) !== (key === undefined)) throw usage("--cert and --key go together");
  const files = {
    ...(ca !== undefined && { ca: pem("--ca", ca, "CERTIFICATE") }),
    ...(cert !== undefined && { cert: pem("--cert", cert, "CERTIFICATE") }),
    ...(key !== undefined && { key: pem("--key", key, "PRIVATE KEY") }),
  };
  const current = () => Object.fromEntries(Object.entries(files).map(([name, read]) => [name, read()]));
  try {
    createSecureContext(current());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const named = Object.keys(files).map((name) => `--${name}`);
    throw usage(`${named.join(", ")}: ${reason}`, cause);
  }
  return new CurrentFilesAgent(pool, current);
}

class CurrentFilesAgent extends Agent {
  readonly #current: () => RequestOptions;

  constructor(pool: Pool, current: () => RequestOptions) {
    // A session that is resumed would keep the old certificate.
    super({ ...pool, maxCachedSessions: 0 });
    this.#current = current;
  }

  override createConnection(...[options, callback]: Parameters<Agent["createConnection"]>) {
    return super.createConnection({ ...options, ...this.#current() }, callback);
  }
}

/** Reads the file each time; what it held last counts while it cannot be read. Throws CommandFailure at first. */
function pem(name: string, path: string, content: string): () => string {
  const read = () => {
    try {
      return readText(path);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw usage(`${name}: cannot read ${path}: ${reason}`, cause);
    }
  };
  let last = read();
  // OpenSSL takes a file of authorities without any for one that trusts nobody, and says nothing.
  if (!last.includes(`${content}-----`))
    throw usage(`${name}: there is no ${content} in PEM form in ${path}`);
  return () => {
    try {
      last = read();
    } catch {}
    return last;
  };
}

function usage(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, cause });
}
