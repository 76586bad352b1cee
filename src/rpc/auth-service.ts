// AuthService: protobuf in, a word to the desks, protobuf out. Who may call is decided
// by reception; what with whose tokens, by the desk.
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { AccessToken } from "../auth/access-token.ts";
import { type AccessTokenDesk, principalId } from "../auth/access-token-desk.ts";
import { publicMessage, Unauthorized } from "../auth/credentials.ts";
import type { Explanation, Question } from "../auth/explain.ts";
import type { Principal } from "../auth/principal.ts";
import type { Grant, TokenDesk } from "../auth/token-desk.ts";
import {
  type AccessToken as AccessTokenMessage,
  AccessTokenSchema,
  type AuthService,
  type IssueTokenRequest,
} from "../gen/stowage/v1/auth_service_pb.ts";
import { formatScope } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import { parseAction, parseActions } from "./actions.ts";
import { pageToken, parsePage, timeMessage } from "./convert.ts";
import { principalOf, visitOf } from "./visit.ts";

export interface AuthServiceParts {
  /** Absent: the registry has no token endpoint. */
  readonly tokens?: TokenDesk | undefined;
  /** Absent: nobody is asked who they are, so there is nobody to make access tokens for. */
  readonly accessTokens?: AccessTokenDesk | undefined;
  readonly explain: (question: Question) => Explanation;
  /** True: it may administrate the registry. */
  readonly isAdmin: (principal: Principal) => boolean;
  /** WWW-Authenticate for who asks for a token with wrong credentials. */
  readonly challenge: () => string;
}

const TOKEN_PAGE = { fallback: 100, most: 1000 };

export function authService(parts: AuthServiceParts): ServiceImpl<typeof AuthService> {
  return {
    getIdentity(_request, context) {
      const { id, groups, limit, expireTime } = principalOf(context);
      return {
        principal: id,
        groups: [...groups],
        limited: limit !== undefined,
        scopes: (limit?.access ?? []).map(formatScope),
        ...(expireTime !== undefined && { expireTime: timeMessage(expireTime) }),
      };
    },

    checkAccess({ repository, actions }) {
      // Reception has looked at it; where nobody is asked, what is no question is refused all the same.
      parseRepositoryName(repository);
      parseActions(actions);
      return {};
    },

    explainAccess(request, context) {
      const { groups, repository } = request;
      const action = parseAction(request.action);
      const named = repository === "" ? {} : { repository: parseRepositoryName(repository) };
      const subject = subjectOf(request, principalOf(context), parts);
      const explanation = parts.explain({ ...subject, action, ...named });
      return { ...explanation, groups: [...new Set([...explanation.groups, ...groups])] };
    },

    async issueToken(request, context) {
      const tokens = demandEndpoint(parts.tokens);
      const {
        refreshToken = "",
        scopes,
        ...issued
      } = await withChallenge(parts, () => tokens.issue({ ...tokenRequest(request), ...callerOf(context) }));
      return {
        token: issued.token,
        issueTime: timeMessage(issued.issueTime),
        expireTime: timeMessage(issued.expireTime),
        refreshToken,
        scopes: [...scopes],
      };
    },

    async getSigningKeys() {
      return { jwks: await demandEndpoint(parts.tokens).jwks() };
    },

    async createAccessToken({ description, scopes, expireTime, owner }, context) {
      const time = expireTime === undefined ? {} : { expireTime: timestampMs(expireTime) };
      const desk = demandTokens(parts.accessTokens);
      const request = { description, scopes, ...time };
      const { token, record } = await desk.create(principalOf(context), owner, request);
      return { token, accessToken: accessTokenMessage(record) };
    },

    async listAccessTokens(request, context) {
      const { limit, after } = parsePage(request, TOKEN_PAGE);
      const { owner, all } = request;
      const desk = demandTokens(parts.accessTokens);
      const { items, more } = await desk.list(principalOf(context), { owner, all, limit, after });
      const last = more ? items.at(-1) : undefined;
      return {
        accessTokens: items.map(accessTokenMessage),
        nextPageToken: last === undefined ? "" : pageToken(last.id),
      };
    },

    async revokeAccessToken({ accessTokenId }, context) {
      await demandTokens(parts.accessTokens).revoke(principalOf(context), accessTokenId);
      return {};
    },
  };
}

function callerOf(context: HandlerContext) {
  return { caller: principalOf(context), address: visitOf(context)?.facts.ip };
}

function tokenRequest({ service, scopes, offline, clientId, grant }: IssueTokenRequest) {
  const parsed = grantOf(grant);
  return { service, scopes, offline, clientId, ...(parsed !== undefined && { grant: parsed }) };
}

function grantOf(grant: IssueTokenRequest["grant"]): Grant | undefined {
  switch (grant.case) {
    case "password":
      return { kind: "password", username: grant.value.username, password: grant.value.password };
    case "refreshToken":
      return { kind: "refresh", token: grant.value };
    case "subjectToken":
      return { kind: "subject", token: grant.value };
    case undefined:
      return undefined;
  }
}

/** Reception tells how to authenticate those that it refuses; these it has let in to ask. */
async function withChallenge<T>({ challenge }: AuthServiceParts, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Unauthorized)) throw error;
    const facts = { ...error.metadata, challenge: challenge() };
    throw new RegistryError("UNAUTHORIZED", facts, { message: publicMessage(error), cause: error });
  }
}

/** About whom the question is. Throws DENIED for questions about others, or about groups that one is not in. */
function subjectOf(
  { principal, groups }: { readonly principal: string; readonly groups: readonly string[] },
  caller: Principal,
  { isAdmin }: AuthServiceParts,
): Pick<Question, "principal" | "groups"> {
  const id = principal === "" ? caller.id : principalId(principal);
  const isOwn = id === caller.id;
  const known = isOwn ? caller.groups : [];
  if ((!isOwn || groups.some((group) => !known.includes(group))) && !isAdmin(caller)) {
    const message = "only who administrates the registry may ask about others";
    throw new RegistryError("DENIED", { principal: caller.id }, { message });
  }
  return { principal: id, groups: [...new Set([...known, ...groups])] };
}

function demandEndpoint(tokens: TokenDesk | undefined): TokenDesk {
  if (tokens !== undefined) return tokens;
  throw new RegistryError("UNSUPPORTED", {}, { message: "this registry has no token endpoint" });
}

function demandTokens(accessTokens: AccessTokenDesk | undefined): AccessTokenDesk {
  if (accessTokens !== undefined) return accessTokens;
  throw new RegistryError(
    "UNSUPPORTED",
    {},
    { message: "this registry has no access tokens: it knows nobody" },
  );
}

function accessTokenMessage(token: AccessToken): AccessTokenMessage {
  const { id, owner, description, scopes, createTime, expireTime, lastUseTime } = token;
  return create(AccessTokenSchema, {
    accessTokenId: id,
    owner,
    description,
    scopes: [...scopes],
    createTime: timeMessage(createTime),
    ...(expireTime !== undefined && { expireTime: timeMessage(expireTime) }),
    ...(lastUseTime !== undefined && { lastUseTime: timeMessage(lastUseTime) }),
  });
}
