// Services that answer as a registry does which asks everybody who they are: enough
// of them to see what the gateway makes of it. What is decided here decides nothing:
// names say what happens. Alice's password is "wonder".
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { AuthService, type IssueTokenRequest } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { type ErrorMetadata, RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";
import type { BehindGateway } from "./gateway-server.ts";

const ALICE = `Basic ${Buffer.from("alice:wonder").toString("base64")}`;
const BEARER = 'Bearer realm="https://registry.test/auth/token",service="registry.test"';
const BASIC = 'Basic realm="registry.test"';
const ISSUED = Date.UTC(2026, 0, 2, 3, 4, 5);

/** How many bytes of uploads arrived. */
export interface GuardedRegistry extends BehindGateway {
  readonly received: { bytes: number };
}

export function guardedRegistry(): GuardedRegistry {
  const received = { bytes: 0 };
  const routes = (router: ConnectRouter) => {
    router.service(AuthService, {
      checkAccess: ({ repository, actions }, context) => refuse(context, repository, actions.join(",")),
      getIdentity: (_, context) => ({ principal: demand(context) }),
      issueToken,
      getSigningKeys: () => ({ jwks: '{"keys":[]}' }),
    });
    router.service(ManifestService, {
      statManifest: ({ repository }, context) => refuse(context, repository, "pull"),
      getManifest: ({ repository }, context) => refuse(context, repository, "pull"),
      putManifest: ({ repository }, context) => refuse(context, repository, "pull,push"),
    });
    router.service(BlobService, {
      statBlob: ({ repository }, context) => refuse(context, repository, "pull"),
      async *readBlob({ repository }, context) {
        yield refuse(context, repository, "pull");
      },
      mountBlob({ fromRepository = "" }, context) {
        demand(context);
        return refuse(context, fromRepository, "pull");
      },
    });
    router.service(UploadService, {
      createUpload: ({ repository }, context) => ({ upload: open(context, repository) }),
      getUpload: ({ repository }, context) => ({ upload: open(context, repository) }),
      async writeUpload(messages, context) {
        let repository = "";
        for await (const { part } of messages) {
          if (part.case === "start") ({ repository } = open(context, part.value.repository));
          else if (part.case === "chunk") received.bytes += part.value.length;
        }
        return { upload: { repository, uploadId: "1", offset: BigInt(received.bytes) } };
      },
    });
  };
  return { routes, received, close: async () => undefined };
}

function open(context: HandlerContext, repository: string) {
  if (repository !== "open") demand(context, `repository:${repository}:pull,push`);
  if (repository === "denied")
    throw error("DENIED", "alice may not", { scope: `repository:${repository}:pull,push` });
  return { repository, uploadId: "1", offset: 0n };
}

function refuse(context: HandlerContext, repository: string, actions: string): never {
  const scope = `repository:${repository}:${actions}`;
  if (repository === "busy") throw error("TOOMANYREQUESTS", "slowly", { retry_after: "6.2" });
  demand(context, scope);
  if (repository === "narrow")
    throw unauthorized(
      "the token does not allow this",
      `${BEARER},scope="${scope}",error="insufficient_scope"`,
      scope,
    );
  throw error("DENIED", "alice may not", { scope });
}

function demand({ requestHeader }: HandlerContext, scope = ""): string {
  const challenge = scope === "" ? BEARER : `${BEARER},scope="${scope}"`;
  switch (requestHeader.get("authorization")) {
    case ALICE:
    case "Bearer good":
      return "user:alice";
    case "Bearer old":
      throw unauthorized("the token has expired", `${challenge},error="invalid_token"`, scope);
    default:
      throw unauthorized("authentication required", challenge, scope);
  }
}

function issueToken(
  { service, scopes, offline, grant }: IssueTokenRequest,
  { requestHeader }: HandlerContext,
) {
  const given = requestHeader.get("authorization");
  if (service === "elsewhere") throw error("UNSUPPORTED", "no tokens", {});
  if (service === "busy") throw error("TOOMANYREQUESTS", "slowly", { retry_after: "30" });
  if (service.startsWith("bad")) throw error("REQUEST_INVALID", `service "${service}" is none`, {});
  const isGood =
    grant.case === undefined
      ? given === null || given === ALICE
      : grant.case === "password"
        ? grant.value.username === "alice" && grant.value.password === "w & r"
        : grant.value === "good";
  if (!isGood) throw unauthorized("the user name or the password is wrong", BASIC, "");
  return {
    token: "made.for.you",
    issueTime: timestampFromMs(ISSUED),
    expireTime: timestampFromMs(ISSUED + 300_000),
    refreshToken: offline ? "again" : "",
    scopes: scopes.filter((scope) => !scope.includes("secret")),
  };
}

function unauthorized(message: string, challenge: string, scope: string) {
  return error("UNAUTHORIZED", message, { challenge, ...(scope !== "" && { scope }) });
}

function error(
  code: ConstructorParameters<typeof RegistryError>[0],
  message: string,
  metadata: ErrorMetadata,
) {
  return toConnectError(new RegistryError(code, metadata, { message }));
}
