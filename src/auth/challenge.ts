// What a client is told that must authenticate: the value of WWW-Authenticate.
// RFC 9110, 11.6.1; RFC 6750, 3; Docker's token specification.
import type { AuthConfig } from "../config/access.ts";
import type { TokenError } from "./credentials.ts";

/** Where the token endpoint of our own is, below the base URL. */
export const TOKEN_PATH = "/auth/token";

export interface ChallengeRequest {
  /** Where the client finds the registry. Absent: not known, because its Host header is none. */
  readonly baseUrl: string | undefined;
  /** What a token would need: scopes, with spaces. Empty: nothing in particular. */
  readonly scope: string;
  readonly error?: TokenError | undefined;
}

export function bearerOrBasic(auth: AuthConfig, request: ChallengeRequest): string {
  const { token, issuer, mode } = auth;
  if (mode === "silly") return bearer(auth.realm, auth.service, request);
  if (token !== undefined) {
    const own = request.baseUrl === undefined ? undefined : request.baseUrl + token.autoRedirectPath;
    const realm = (token.autoRedirect ? own : undefined) ?? token.realm;
    return realm === "" ? basic(auth) : bearer(realm, token.service, request);
  }
  if (issuer === undefined || request.baseUrl === undefined) return basic(auth);
  return bearer(request.baseUrl + TOKEN_PATH, issuer.service, request);
}

/** For who can do no better than say a password: at the token endpoint itself. */
export function basic({ realm }: AuthConfig): string {
  return `Basic realm=${quoted(realm)}, charset="UTF-8"`;
}

function bearer(realm: string, service: string, { scope, error }: ChallengeRequest): string {
  const parameters = [
    `realm=${quoted(realm)}`,
    `service=${quoted(service)}`,
    ...(scope === "" ? [] : [`scope=${quoted(scope)}`]),
    ...(error === undefined ? [] : [`error=${quoted(error)}`]),
  ];
  return `Bearer ${parameters.join(",")}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
