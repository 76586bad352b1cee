// Why a port cannot be listened on, for the person who chose it.
import { variableName } from "../config/variable-name.ts";
import { CommandFailure, errorCode } from "./world.ts";

const REASONS = new Map<string, (key: string) => string>([
  [
    "EADDRINUSE",
    (key) =>
      `another program listens there already; choose another address with ${key} (${variableName(key)})`,
  ],
  ["EADDRNOTAVAIL", () => "this machine does not have that address"],
  ["ENOTFOUND", () => "the host name is unknown"],
  ["EACCES", () => "permission denied; ports below 1024 need a privilege"],
]);

/** `where` completes "cannot listen on …"; `key` is where the address comes from. */
export function listenFailure(where: string, cause: unknown, key = "http.addr"): CommandFailure {
  const code = errorCode(cause);
  const reason = REASONS.get(code)?.(key) ?? (cause instanceof Error ? cause.message : code);
  return new CommandFailure(`cannot listen on ${where}: ${reason}`, { cause });
}
