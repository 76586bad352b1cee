// Why a stream ends before it has told all.
import { Code, ConnectError } from "@connectrpc/connect";
import { RegistryError } from "../oci/errors.ts";

/**
 * What a stream whose signal was aborted ends with. The server's reason for shutting down has a code, but no details;
 * every error of ours has. Where the client left, nobody listens. `message` stands in the place of that reason's, which is
 * for readers of events.
 */
export function endOfStream(signal: AbortSignal, message?: string): Error {
  const reason = ConnectError.from(signal.reason);
  if (reason.code !== Code.Unavailable) return reason;
  return new RegistryError("UNAVAILABLE", {}, { message: message ?? reason.rawMessage });
}
