// URLs that are told to clients or asked by the registry. None may hold a user and a
// password: they would be shown to everybody.
import { BLOTTED } from "./effective-tree.ts";
import type { Parsed } from "./key.ts";
import { isLoopbackHost } from "./listen-address.ts";

export interface UrlDemands {
  /** True: http only on this machine. */
  readonly secure?: boolean;
  /** True: nothing behind "?". */
  readonly plain?: boolean;
}

/** An absolute http or https URL, as it was written. */
export function parsePublicUrl(
  text: string,
  { secure = false, plain = false }: UrlDemands = {},
): Parsed<string> {
  const shown = showUrl(text);
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || text.includes("\\") || !URL.canParse(text))
    return {
      problem: `expected a URL that begins with https:// or http://, found "${shown}"${advice(text)}`,
    };
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== "" || password !== "")
    return { problem: `"${shown}" holds a user and a password, which clients would be shown; remove them` };
  if (hash !== "" || (plain && search !== ""))
    return {
      problem: `"${shown}" must end with the path; remove what is behind "${hash === "" ? "?" : "#"}"`,
    };
  if (secure && protocol === "http:" && !isLoopback(hostname))
    return {
      problem: `"${shown}" must be an https URL: what comes over http could be anybody's (http only on loopback)`,
    };
  return { value: text };
}

/** Scheme, host and port alone: "https://registry.example.com". */
export function parseBaseUrl(text: string): Parsed<string> {
  const parsed = parsePublicUrl(text, { plain: true });
  if ("problem" in parsed) return parsed;
  const { origin, pathname } = new URL(text);
  if (pathname === "/") return { value: origin };
  const prefix = `${pathname.replace(/\/+$/, "")}/`;
  return {
    problem: `"${text}" has a path; write "${origin}", and put the path into http.prefix: "${prefix}"`,
  };
}

function advice(text: string): string {
  const isHost = /^[A-Za-z0-9.-]+(:\d+)?(\/[^\s@]*)?$/.test(text) && URL.canParse(`https://${text}`);
  return isHost ? `; write "https://${text}"` : "";
}

/** Everything before the last "@" could be a password. */
function showUrl(text: string): string {
  const at = text.lastIndexOf("@");
  return at < 0 ? text : BLOTTED + text.slice(at);
}

function isLoopback(hostname: string): boolean {
  return isLoopbackHost(hostname.replace(/^\[|\]$/g, "")) || hostname.endsWith(".localhost");
}
