// Errors as OAuth 2.0 clients read them: RFC 6749, 5.2. Only invalid_grant departs
// from it, with status 401 instead of 400: docker and containerd take that for wrong
// credentials, whatever the body says, and anything else for a broken server.
import { Code, ConnectError } from "@connectrpc/connect";
import { ClientGone } from "./client-signal.ts";
import { Refusal, refusalOf } from "./errors.ts";

/** What RFC 6749 calls the error; the last two are from its section 4.1.2.1. */
type OAuthCode =
  | "invalid_request"
  | "invalid_grant"
  | "unsupported_grant_type"
  | "access_denied"
  | "temporarily_unavailable"
  | "server_error";

/** The request for a token is not one. */
export function invalidRequest(description: string, status = 400): Refusal {
  return oauthRefusal({ status, code: "invalid_request", description });
}

/** There is no such way to get a token. */
export function unsupportedGrantType(grantType: string): Refusal {
  const description = `there is no grant_type "${grantType}"`;
  return oauthRefusal({ status: 400, code: "unsupported_grant_type", description });
}

/** What was thrown, with a body that OAuth clients can read. A client that left stays one. */
export function asOAuthError(error: unknown): unknown {
  if (error instanceof ClientGone || (error instanceof ConnectError && error.code === Code.Canceled))
    return error;
  const { status, headers, problems, body, cause } = refusalOf(error);
  if (body !== undefined) return error;
  const description = problems[0]?.message ?? "";
  return oauthRefusal({ status, code: oauthCode(status), description, headers, cause });
}

function oauthCode(status: number): OAuthCode {
  switch (status) {
    case 401:
      return "invalid_grant";
    case 403:
      return "access_denied";
    case 429:
    case 503:
      return "temporarily_unavailable";
    default:
      return status < 500 ? "invalid_request" : "server_error";
  }
}

interface OAuthRefusalParts extends Pick<Refusal, "status"> {
  readonly code: OAuthCode;
  readonly description: string;
  readonly headers?: Refusal["headers"];
  readonly cause?: unknown;
}

function oauthRefusal({ status, code, description, headers = {}, cause }: OAuthRefusalParts): Refusal {
  return new Refusal({
    status,
    problems: [{ code: "REQUEST_INVALID", message: description }],
    headers: { ...headers, "Cache-Control": "no-store" },
    body: { error: code, error_description: printable(description) },
    cause,
  });
}

/** The characters that RFC 6749 allows. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, "?");
}
