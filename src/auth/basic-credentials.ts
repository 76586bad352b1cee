// User name and password in an Authorization header. RFC 7617.
import type { Password } from "./credentials.ts";

/** From what stands behind "Basic"; undefined: it is none. */
export function parseBasic(text: string): Password | undefined {
  const decoded = Buffer.from(text, "base64").toString();
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/**
 * True: no credentials, or an empty name with an empty password, which podman and skopeo send when they have none and
 * were asked for Basic.
 */
export function areAbsent(authorization: string): boolean {
  return authorization === "" || /^basic +Og(==)?$/i.test(authorization);
}
