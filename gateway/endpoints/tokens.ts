// The registry's own token endpoint: Docker's token protocol (GET), OAuth 2.0 (POST),
// and the keys that tokens are checked with. distribution, Token Authentication
// Specification and Token Authentication using OAuth2.
import { timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import type { IssueTokenResponse } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { answer, answerJson, JSON_TYPE } from "../answer.ts";
import { isUnsupported, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { asOAuthError, invalidRequest } from "../oauth-refusal.ts";
import { readWholeBody } from "../read-whole-body.ts";
import { readTokenForm, readTokenQuery, type TokenRequest } from "../token-form.ts";

/** The longest form, in bytes. Tokens of identity providers have some kilobytes. */
const MAX_FORM = 64 * 1024;

const FORM_TYPE = "application/x-www-form-urlencoded";

/** Tokens are secrets. RFC 6749, 5.1. */
const NO_STORE = { "Cache-Control": "no-store" };

/** Keys are published before tokens are signed with them. */
const KEYS_CACHE_CONTROL = "public, max-age=60";

export async function getToken(exchange: Exchange): Promise<void> {
  const issued = await issueToken(exchange, readTokenQuery(exchange.query));
  const { token, scopes } = issued;
  const granted = scopes.length === 0 ? {} : { scope: scopes.join(" ") };
  // Docker's clients read one of the two names.
  answerJson(exchange, { token, access_token: token, ...granted, ...facts(issued) }, { ...NO_STORE });
}

export async function postToken(exchange: Exchange): Promise<void> {
  try {
    const issued = await issueToken(exchange, readTokenForm(await readForm(exchange)));
    const { token, scopes } = issued;
    const answered = { access_token: token, token, token_type: "Bearer", scope: scopes.join(" ") };
    answerJson(exchange, { ...answered, ...facts(issued) }, { ...NO_STORE });
  } catch (error) {
    throw isNotHere(error) ? error : asOAuthError(error);
  }
}

export async function getKeys(exchange: Exchange): Promise<void> {
  const { services, call } = exchange;
  const { jwks } = await services.auth.getSigningKeys({}, call).catch(throwNotHere(exchange));
  const length = Buffer.byteLength(jwks);
  const headers = {
    "Content-Type": JSON_TYPE,
    "Content-Length": length,
    "Cache-Control": KEYS_CACHE_CONTROL,
  };
  answer(exchange, 200, headers, jwks);
}

function issueToken(exchange: Exchange, request: TokenRequest): Promise<IssueTokenResponse> {
  const { services, call } = exchange;
  return services.auth.issueToken(request, call).catch(throwNotHere(exchange));
}

/** When it was made and how long it is good, in seconds; what both answers have. */
function facts({ issueTime, expireTime, refreshToken }: IssueTokenResponse): object {
  return {
    ...(issueTime !== undefined && { issued_at: timestampDate(issueTime).toISOString() }),
    ...(issueTime !== undefined &&
      expireTime !== undefined && {
        expires_in: Math.floor((timestampMs(expireTime) - timestampMs(issueTime)) / 1000),
      }),
    ...(refreshToken !== "" && { refresh_token: refreshToken }),
  };
}

async function readForm(exchange: Exchange): Promise<string> {
  const [type = ""] = (exchange.request.headers["content-type"] ?? "").split(";");
  if (type.trim().toLowerCase() !== FORM_TYPE) throw invalidRequest(`Content-Type must be ${FORM_TYPE}`);
  const tooLarge = () => invalidRequest(`the form is larger than ${MAX_FORM} bytes`, 413);
  return (await readWholeBody(exchange, { limit: MAX_FORM, tooLarge })).toString();
}

/** Where a registry gives out no tokens, these paths are as any other that does not exist. */
function throwNotHere({ request }: Exchange): (error: unknown) => never {
  return (error) => {
    if (!isUnsupported(error)) throw error;
    const path = request.url?.split("?", 1)[0] ?? "";
    const message = `there is nothing at "${path}": this registry gives out no tokens`;
    throw new Refusal({ status: 404, problems: [{ code: "UNSUPPORTED", message }] });
  };
}

function isNotHere(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404;
}
