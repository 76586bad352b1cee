// Calling a registry that runs elsewhere, and saying what went wrong when it
// does not work.
import type { Agent } from "node:https";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type ErrorInfo, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { ERROR_DOMAIN } from "../rpc/errors.ts";
import { MAX_RESPONSE_MESSAGE } from "../server/limits.ts";
import { printable } from "./readable.ts";
import type { RemoteCredentials } from "./remote-credentials.ts";
import { refusalText } from "./remote-refusal.ts";
import { parseServerUrl } from "./server-url.ts";
import { tlsFailureText } from "./tls-advice.ts";
import { CommandFailure } from "./world.ts";

/** What proves who asks, as remote-options.ts found it. */
export interface RemoteAccess {
  /** Absent: none are sent. */
  readonly credentials?: RemoteCredentials | undefined;
  /** For https. Absent: the usual authorities, no client certificate. */
  readonly agent?: Agent | undefined;
}

/** What every command takes that asks a registry. */
export interface RemoteOptions extends RemoteAccess {
  readonly server: string;
  readonly json?: boolean;
}

/** Calls the registry; what fails becomes a CommandFailure. */
export async function askRegistry<T>(
  options: RemoteOptions,
  ask: (transport: Transport) => Promise<T>,
): Promise<T> {
  const server = parseServerUrl(options.server);
  try {
    return await ask(remoteTransport(server, options));
  } catch (error) {
    throw explainFailure(error, { ...options, server });
  }
}

/** The way to a registry at a URL. */
export function remoteTransport(baseUrl: string, { credentials, agent }: RemoteAccess = {}): Transport {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_MESSAGE,
    ...(agent !== undefined && { nodeOptions: { agent } }),
    ...(credentials !== undefined && { interceptors: [authorize(credentials)] }),
  });
}

function authorize(credentials: RemoteCredentials): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", credentials.authorization());
    return next(request);
  };
}

/** What a Stowage registry says about an error, the first problem of several. Absent: it is not one of its own. */
export function problemOf(error: unknown): ErrorInfo | undefined {
  const details = error instanceof ConnectError ? error.findDetails(ErrorInfoSchema) : [];
  return details.find(({ domain }) => domain === ERROR_DOMAIN);
}

/** Who was asked, and with what. */
export interface Asked extends RemoteAccess {
  readonly server: string;
}

/** The failure in words. What the registry says stands alone; anything else names the server. */
export function explainFailure(error: unknown, asked: Asked): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const failure = ConnectError.from(error);
  // Credentials that could not be read when they were needed.
  if (failure.cause instanceof CommandFailure) return failure.cause;
  return new CommandFailure(failureText(failure, asked), { cause: error });
}

const WORDLESS = "it answers, but not as a Stowage registry does";

/** A port that speaks TLS answers other calls with a page that is none of Connect's. */
function hintOf(failure: ConnectError, server: string): string {
  const isForeign =
    problemOf(failure) === undefined && !/^(?:ECONN|ENOTFOUND|connect )/.test(failure.rawMessage);
  const isPlain =
    server.startsWith("http:") && (failure.rawMessage === "" || failure.rawMessage === "HTTP 400");
  return isForeign && isPlain ? `; does it want https://${server.slice("http://".length)}?` : "";
}

function failureText(failure: ConnectError, { server, credentials }: Asked): string {
  const { code } = failure;
  const rawMessage = printable(failure.rawMessage);
  const problem = problemOf(failure);
  const refusal = refusalText({ code, rawMessage, problem, credentials });
  if (refusal !== undefined) return `${server}: ${refusal}`;
  if (code === Code.Unimplemented && problem === undefined) {
    const reason = rawMessage === "" ? "it does not know this call" : rawMessage;
    return `${server}: ${reason}; is it a Stowage registry, and of this version?`;
  }
  const isAboutTheRequest = code === Code.InvalidArgument || code === Code.NotFound;
  if (isAboutTheRequest && problem !== undefined) return rawMessage;
  const text = tlsFailureText(failure.cause) ?? (rawMessage === "" ? WORDLESS : rawMessage);
  return `${server}: ${text}${hintOf(failure, server)}`;
}
