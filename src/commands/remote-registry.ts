// Calling a registry that runs elsewhere, and saying what went wrong when it
// does not work.
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type ErrorInfo, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { ERROR_DOMAIN } from "../rpc/errors.ts";
import { MAX_RESPONSE_MESSAGE } from "../server/limits.ts";
import { parseServerUrl } from "./server-url.ts";
import { CommandFailure } from "./world.ts";

/** What every command takes that asks a registry. */
export interface RemoteOptions {
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
    return await ask(remoteTransport(server));
  } catch (error) {
    throw explainFailure(error, server);
  }
}

/** The way to a registry at a URL. */
export function remoteTransport(baseUrl: string): Transport {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_MESSAGE,
  });
}

/** What a Stowage registry says about an error, the first problem of several. Absent: it is not one of its own. */
export function problemOf(error: unknown): ErrorInfo | undefined {
  const details = error instanceof ConnectError ? error.findDetails(ErrorInfoSchema) : [];
  return details.find(({ domain }) => domain === ERROR_DOMAIN);
}

/** The failure in words. What the registry says stands alone; anything else names the server. */
export function explainFailure(error: unknown, server: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  const failure = ConnectError.from(error);
  return new CommandFailure(failureText(failure, server), { cause: error });
}

function failureText(failure: ConnectError, server: string): string {
  const { code, rawMessage } = failure;
  if (code === Code.Unimplemented && problemOf(failure) === undefined) {
    const reason = rawMessage === "" ? "it does not know this call" : rawMessage;
    return `${server}: ${reason}; is it a Stowage registry, and of this version?`;
  }
  const isAboutTheRequest = code === Code.InvalidArgument || code === Code.NotFound;
  return isAboutTheRequest && problemOf(failure) !== undefined ? rawMessage : `${server}: ${rawMessage}`;
}
