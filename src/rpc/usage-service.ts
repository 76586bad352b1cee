// UsageService: protobuf in, core call, protobuf out.
import type { ServiceImpl } from "@connectrpc/connect";
import type { Core } from "../core/core.ts";
import type { UsageScope } from "../core/listing/usage.ts";
import type { GetUsageRequest, UsageService } from "../gen/stowage/v1/usage_service_pb.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName } from "../oci/reference.ts";
import type { Reception } from "./reception.ts";
import { quotaUseMessage, usageMessage } from "./usage-message.ts";

/** What is counted together. */
const MAX_PATH_COMPONENTS = 3;

export function usageService({ lists }: Core, reception: Reception): ServiceImpl<typeof UsageService> {
  return {
    async getUsage(request, context) {
      const scope = parseScope(request.scope);
      // Who pushes is told what others use together with them, at the latest when a push is refused.
      const shared = scope.kind === "below" || reception.mayPush(context, scope.repository);
      const { usage, stored, quotas } = await lists.usage(scope, { shared });
      return {
        usage: usageMessage(usage),
        ...(stored !== undefined && {
          stored: { blobs: BigInt(stored.blobs), bytes: BigInt(stored.bytes) },
        }),
        quotas: quotas.map(quotaUseMessage),
      };
    },
  };
}

function parseScope(scope: GetUsageRequest["scope"]): UsageScope {
  switch (scope.case) {
    case "repository":
      return { kind: "repository", repository: parseRepositoryName(scope.value) };
    case "path":
      return { kind: "below", path: parsePath(scope.value) };
    case undefined:
      return { kind: "below", path: "" };
  }
}

/** A path is as a repository's name. */
function parsePath(text: string): string {
  const path = parseRepositoryName(text);
  if (path.split("/").length <= MAX_PATH_COMPONENTS) return path;
  const message = `path "${path}" has more than ${MAX_PATH_COMPONENTS} components; usage is counted for paths of at most so many`;
  throw new RegistryError("REQUEST_INVALID", { limit: String(MAX_PATH_COMPONENTS) }, { message });
}
