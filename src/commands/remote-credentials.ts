// What a command proves to a registry who it is with: an access token, or a user name and
// a password. Secrets come from files and variables, never from the command line, which
// everybody on the machine can read.
import type { Environment } from "../config/environment.ts";
import { CommandFailure, EXIT, readText } from "./world.ts";

/** The variables, in the order in which they count. */
export const CREDENTIAL_VARIABLES = {
  token: "STOWAGE_TOKEN",
  tokenFile: "STOWAGE_TOKEN_FILE",
  user: "STOWAGE_USER",
  password: "STOWAGE_PASSWORD",
  passwordFile: "STOWAGE_PASSWORD_FILE",
} as const;

/** Credentials that may be in a file, which somebody may replace while the command runs. */
export class RemoteCredentials {
  readonly kind: "token" | "password";
  /** Where they come from: "$STOWAGE_TOKEN", "--token-file ci.token", "user alice of $STOWAGE_USER". */
  readonly source: string;
  readonly #read: () => string;
  #sent: string | undefined;

  constructor({ kind, source, read }: Pick<RemoteCredentials, "kind" | "source"> & { read: () => string }) {
    this.kind = kind;
    this.source = source;
    this.#read = read;
  }

  /** The Authorization header as the files have it now. Throws CommandFailure. */
  authorization(): string {
    this.#sent = this.#read();
    return this.#sent;
  }

  /** True: there are other ones now than those that were sent last. */
  get isRenewed(): boolean {
    try {
      return this.#read() !== this.#sent;
    } catch {
      return false; // half a file, or none: what is wrong with the old ones stands
    }
  }
}

/** The credentials that the command line or else the environment names; absent: none. Throws CommandFailure. */
export function readCredentials(
  option: string | undefined,
  environment: Environment,
): RemoteCredentials | undefined {
  const { token, tokenFile, user } = CREDENTIAL_VARIABLES;
  const credentials =
    tokenIn(option, "--token-file") ??
    tokenGiven(environment[token]) ??
    tokenIn(environment[tokenFile], `$${tokenFile}`) ??
    userGiven(environment[user], environment);
  credentials?.authorization(); // what is wrong with them is told before anything is asked
  return credentials;
}

function tokenIn(path: string | undefined, name: string): RemoteCredentials | undefined {
  if (path === undefined || path === "") return undefined;
  const source = `${name} ${path}`;
  return new RemoteCredentials({ kind: "token", source, read: () => bearer(readSecret(path, name), source) });
}

function tokenGiven(token: string | undefined): RemoteCredentials | undefined {
  if (token === undefined || token === "") return undefined;
  const source = `$${CREDENTIAL_VARIABLES.token}`;
  return new RemoteCredentials({ kind: "token", source, read: () => bearer(token, source) });
}

/** What a header can carry of a token. RFC 6750, 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The Authorization header of a token. Never shows what is none: it may be a password in the wrong place. Throws CommandFailure. */
export function bearer(text: string, source: string): string {
  const token = text.trim();
  if (!TOKEN.test(token)) throw usage(`${source}: this is no token`);
  return `Bearer ${token}`;
}

function userGiven(user: string | undefined, environment: Environment): RemoteCredentials | undefined {
  if (user === undefined || user === "") return undefined;
  const name = `$${CREDENTIAL_VARIABLES.user}`;
  // RFC 7617, 2: the first colon ends the name; control characters are in neither.
  if (/[:\p{Cc}]/u.test(user)) throw usage(`${name}: a user name has neither ":" nor control characters`);
  const password = passwordReader(environment);
  return new RemoteCredentials({
    kind: "password",
    source: `user ${user} of ${name}`,
    read: () => `Basic ${Buffer.from(`${user}:${password()}`).toString("base64")}`,
  });
}

function passwordReader(environment: Environment): () => string {
  const { user, password: variable, passwordFile: fileVariable } = CREDENTIAL_VARIABLES;
  const [given, path] = [environment[variable], environment[fileVariable]];
  if (given !== undefined && given !== "") return () => checkPassword(given, `$${variable}`);
  if (path === undefined || path === "")
    throw usage(`$${user} is set, but neither $${variable} nor $${fileVariable}`);
  return () => {
    // The end of the line is the editor's; other space may belong to the password.
    const text = readSecret(path, `$${fileVariable}`).replace(/\r?\n$/, "");
    return checkPassword(text, `$${fileVariable} ${path}`);
  };
}

function checkPassword(password: string, source: string): string {
  if (password === "") throw usage(`${source}: there is no password in it`);
  if (/\p{Cc}/u.test(password)) throw usage(`${source}: a password is one line, without control characters`);
  return password;
}

function readSecret(path: string, name: string): string {
  try {
    return readText(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usage(`${name}: cannot read ${path}: ${reason}`, cause);
  }
}

function usage(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, cause });
}
