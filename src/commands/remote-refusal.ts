// What a registry means that refuses a command, with the way out: nobody was named,
// somebody was not believed, or may not do it, or has asked too often.
import { Code } from "@connectrpc/connect";
import type { ErrorInfo } from "../gen/google/rpc/error_details_pb.ts";
import { isAction, parseScope } from "../oci/access.ts";
import { printable } from "./readable.ts";
import type { RemoteCredentials } from "./remote-credentials.ts";

export interface Refusal {
  readonly code: Code;
  /** Harmless to a terminal. */
  readonly rawMessage: string;
  /** Absent: it does not come from a Stowage registry, but perhaps from a proxy before it. */
  readonly problem: ErrorInfo | undefined;
  /** Absent: none were sent. */
  readonly credentials: RemoteCredentials | undefined;
}

/** The refusal in words, without the server's name. Absent: it is none. */
export function refusalText(refusal: Refusal): string | undefined {
  const { code, rawMessage, problem } = refusal;
  if (code === Code.Unauthenticated) return unauthenticatedText(refusal);
  if (code === Code.PermissionDenied) return [rawMessage, ...adviceOf(problem)].join("\n");
  const seconds = problem?.reason === "TOOMANYREQUESTS" ? problem.metadata.retry_after : undefined;
  return seconds === undefined ? undefined : `${rawMessage}; try again in ${seconds} s`;
}

function unauthenticatedText({ rawMessage, credentials }: Refusal): string {
  if (credentials === undefined)
    return (
      "authentication required; set $STOWAGE_TOKEN or --token-file to an access token, " +
      "or $STOWAGE_USER and $STOWAGE_PASSWORD"
    );
  const { kind, source } = credentials;
  const wayOut = kind === "token" ? '; "stowage tokens create" makes a new token' : "";
  return `the registry does not accept the credentials (${source}): ${rawMessage}${wayOut}`;
}

/** Who was denied what is in the message; why, only a look at the credentials and the policy can tell. */
function adviceOf(problem: ErrorInfo | undefined): readonly string[] {
  const { principal, scope } = problem?.metadata ?? {};
  if (principal === undefined) return [];
  return [
    "  stowage auth whoami   tells what these credentials allow",
    ...explanationsOf(scope).map(
      (what) => `  stowage auth explain ${quoted(principal)} ${what}   tells the rule`,
    ),
  ];
}

/** "push acme/app" for each action that was asked for. */
function explanationsOf(scope: string | undefined): readonly string[] {
  const resource = parseScope(scope ?? "");
  if (resource?.type === "registry") return resource.name === "admin" ? ["admin"] : [];
  return resource?.actions.filter(isAction).map((action) => `${action} ${quoted(resource.name)}`) ?? [];
}

/** As a shell takes it for one word. It comes from the server, so it is made harmless. */
function quoted(raw: string): string {
  const text = printable(raw);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
