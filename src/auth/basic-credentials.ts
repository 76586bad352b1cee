// User name and password in an Authorization header. RFC 7617.
import type { Password } from "./credentials.ts";

/** From what stands behind "Basic"; undefined: it is none. */
export function parseBasic(text: string): Password | undefined {
  const decoded = Buffer.from(text, "base64").toString();
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
