// What stands before the paths of the gateway's Location and Link headers, from the
// configuration: a URL where clients reach the registry under one, else only the prefix.
import type { Config } from "../config/config.ts";

/** Empty: nothing; they are relative. */
export function locationBase({ http }: Pick<Config, "http">): () => string {
  const { publicUrl, prefix, relativeUrls } = http;
  const base = publicUrl === undefined || relativeUrls ? prefix : publicUrl + prefix;
  return () => base;
}
