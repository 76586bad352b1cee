// Why a stream ends before it has told all.
import { Code, ConnectError } from "@connectrpc/connect";
import { RegistryError } from "../oci/errors.ts";

/**
 * What a stream whose signal was aborted ends with. The server's reason for shutting down has a code, but no details;
 * every error of ours has. Where the client left, nobody listens.
 */
export function endOfStream(signal: AbortSignal): Error {
  const reason = ConnectError.from(signal.reason);
  if (reason.code !== Code.Unavailable) return reason;
  return new RegistryError("UNAVAILABLE", {}, { message: reason.rawMessage });
}
