// What the gateway may give and how long it waits, from the configuration.
import type { GatewayLimits } from "../../gateway/exchange.ts";
import type { Config } from "../config/config.ts";

export function gatewayLimits({ catalogMaxEntries, tagsMaxEntries, http }: Config): Partial<GatewayLimits> {
  return {
    maxTags: tagsMaxEntries,
    maxCatalogEntries: catalogMaxEntries,
    progressTimeoutMs: http.progressTimeoutMs,
  };
}
