// The URL of a webhook: http or https. A user and a password in it become a
// header, as Go's client does, so that the URL itself can be logged.
import { BLOTTED } from "./effective-tree.ts";

export interface WebhookUrl {
  /** Without user, password and fragment. */
  readonly url: string;
  /** The Authorization header that user and password ask for. */
  readonly authorization?: string;
}

/** Undefined when the text is no such URL. */
export function parseWebhookUrl(text: string): WebhookUrl | undefined {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const credentials = decode(`${url.username}:${url.password}`);
  if (credentials === undefined) return undefined;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  url.username = "";
  url.password = "";
  url.hash = "";
  return { url: url.href, ...(credentials !== ":" && { authorization }) };
}

/** The URL without what may be secret: user, password and the values behind "?". */
export function showWebhookUrl(text: string): string {
  const { protocol, username, password, host, pathname, search } = new URL(text);
  const user = username === "" && password === "" ? "" : `${BLOTTED}@`;
  return `${protocol}//${user}${host}${pathname}${search === "" ? "" : `?${BLOTTED}`}`;
}

/** Undefined: a "%" without its two digits, or bytes that are no text. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
