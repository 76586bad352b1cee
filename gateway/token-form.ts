// What a client asks of the token endpoint: Docker's query, and OAuth 2.0's form
// (RFC 6749, 4.3 and 6; RFC 8693 for tokens of an identity provider). Both are
// application/x-www-form-urlencoded: "+" is a space.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { IssueTokenRequestSchema } from "../src/gen/stowage/v1/auth_service_pb.ts";
import { invalidRequest, unsupportedGrantType } from "./oauth-refusal.ts";

export type TokenRequest = MessageInitShape<typeof IssueTokenRequestSchema>;

/** Docker's GET form. What it cannot read it leaves out, as a scope that is not allowed is. */
export function readTokenQuery(query: string): TokenRequest {
  const parameters = new URLSearchParams(query);
  return {
    service: parameters.get("service") ?? "",
    scopes: scopesOf(parameters),
    offline: /^(1|t|true)$/i.test(parameters.get("offline_token") ?? ""),
    clientId: parameters.get("client_id") ?? "",
  };
}

/** OAuth 2.0's POST form. Throws what an OAuth client can read. */
export function readTokenForm(text: string): TokenRequest {
  const form = new Form(text);
  return {
    service: form.value("service") ?? "",
    scopes: form.scopes,
    offline: form.value("access_type") === "offline",
    clientId: form.value("client_id") ?? "",
    grant: readGrant(form),
  };
}

type Grant = NonNullable<TokenRequest["grant"]>;

const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** The kinds of subject token that may be signed by an identity provider. RFC 8693, 3. */
const SUBJECT_TOKEN_TYPES = ["id_token", "jwt", "access_token"].map(
  (name) => `urn:ietf:params:oauth:token-type:${name}`,
);

function readGrant(form: Form): Grant {
  const grantType = form.demand("grant_type");
  switch (grantType) {
    case "password":
      return {
        case: "password",
        value: { username: form.demand("username"), password: form.demand("password") },
      };
    case "refresh_token":
      return { case: "refreshToken", value: form.demand("refresh_token") };
    case TOKEN_EXCHANGE: {
      const type = form.demand("subject_token_type");
      if (!SUBJECT_TOKEN_TYPES.includes(type))
        throw invalidRequest(`subject_token_type "${type}" is none of ${SUBJECT_TOKEN_TYPES.join(", ")}`);
      return { case: "subjectToken", value: form.demand("subject_token") };
    }
    default:
      throw unsupportedGrantType(grantType);
  }
}

/** RFC 6749, 3.2: a parameter without a value is as good as absent, and none may come twice. */
class Form {
  readonly #parameters: URLSearchParams;

  constructor(text: string) {
    this.#parameters = new URLSearchParams(text);
  }

  value(name: string): string | undefined {
    const [value = "", ...others] = this.#parameters.getAll(name);
    if (others.length > 0) throw invalidRequest(`${name} comes ${others.length + 1} times; it may come once`);
    return value === "" ? undefined : value;
  }

  demand(name: string): string {
    const value = this.value(name);
    if (value === undefined) throw invalidRequest(`${name} is missing`);
    return value;
  }

  /** Some clients repeat `scope`, as in the query. */
  get scopes(): string[] {
    return scopesOf(this.#parameters);
  }
}

function scopesOf(parameters: URLSearchParams): string[] {
  const scopes = parameters.getAll("scope").flatMap((text) => text.split(" "));
  return [...new Set(scopes)].filter((scope) => scope !== "");
}
