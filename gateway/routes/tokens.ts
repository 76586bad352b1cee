// Rows of the route table: tokens.
import { getKeys, getToken, postToken } from "../endpoints/tokens.ts";
import type { Explained, Route } from "../route.ts";

const PATH = "/auth/token";

const SERVICE: Explained = {
  name: "service",
  meaning: "Who the token is for, as the challenge named it. Absent: this registry.",
};

const CLIENT_ID: Explained = { name: "client_id", meaning: "What the client calls itself." };

const NOT_CACHED: Explained = { name: "Cache-Control", meaning: "`no-store`." };

const ABSENT_ENDPOINT =
  "A registry that gives out no tokens (the configuration's `auth.issuer`) answers UNSUPPORTED with status 404.";

export const tokenRoutes: readonly Route[] = [
  {
    id: "get-token",
    method: "GET",
    path: PATH,
    handler: "token",
    summary: "Gives out a bearer token to who has the credentials, and an anonymous one to who has none.",
    notes: [
      "It is the `realm` of the challenge of a 401 answer; docker, podman and others find it there by themselves. Of the scopes that are asked for, the token has those that are allowed.",
      ABSENT_ENDPOINT,
    ],
    pathParameters: [],
    queryParameters: [
      SERVICE,
      {
        name: "scope",
        meaning:
          "What the token shall be good for, such as `repository:library/alpine:pull,push`. May be repeated, or hold several with spaces.",
      },
      { name: "account", meaning: "Ignored; the credentials say who asks." },
      CLIENT_ID,
      { name: "offline_token", meaning: "`true`: a refresh token shall come with it." },
    ],
    requestHeaders: [
      {
        name: "Authorization",
        meaning: "`Basic` with a password or an access token. Absent: an anonymous token.",
      },
    ],
    successes: [
      {
        status: 200,
        meaning:
          '`{"token", "access_token", "scope", "issued_at", "expires_in", "refresh_token"}`; the first two are the same.',
        headers: [NOT_CACHED],
      },
    ],
    errors: ["REQUEST_INVALID"],
    handle: getToken,
  },
  {
    id: "post-token",
    method: "POST",
    path: PATH,
    handler: "token",
    summary: "The same for OAuth 2.0 clients (RFC 6749, RFC 8693).",
    notes: [
      'Errors are OAuth 2.0\'s: `{"error", "error_description"}` with `invalid_request` (400; 413 when it is larger than 64 KiB), `unsupported_grant_type` (400) or `invalid_grant` (401, with a challenge; docker and containerd want that status).',
      ABSENT_ENDPOINT,
    ],
    pathParameters: [],
    queryParameters: [],
    requestHeaders: [{ name: "Content-Type", meaning: "`application/x-www-form-urlencoded`." }],
    body: "A form: `grant_type` (`password` with `username` and `password`; `refresh_token` with `refresh_token`; `urn:ietf:params:oauth:grant-type:token-exchange` with `subject_token` and `subject_token_type`), `service`, `client_id`, `scope` (several with spaces), `access_type` (`offline`: a refresh token shall come with it).",
    successes: [
      {
        status: 200,
        meaning:
          '`{"access_token", "token", "token_type": "Bearer", "scope", "issued_at", "expires_in", "refresh_token"}`; the first two are the same.',
        headers: [NOT_CACHED],
      },
    ],
    errors: ["REQUEST_INVALID", "REQUEST_TIMEOUT"],
    handle: postToken,
  },
  {
    id: "get-keys",
    method: "GET",
    path: "/auth/keys",
    handler: "token",
    summary: "Lists the public keys with which tokens can be checked, as a JSON Web Key Set (RFC 7517).",
    notes: [ABSENT_ENDPOINT],
    pathParameters: [],
    queryParameters: [],
    requestHeaders: [],
    successes: [
      {
        status: 200,
        meaning: '`{"keys": […]}`',
        headers: [{ name: "Cache-Control", meaning: "How long it may be kept: a minute." }],
      },
    ],
    errors: [],
    handle: getKeys,
  },
];
