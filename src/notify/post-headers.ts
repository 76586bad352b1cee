// The headers of a POST: what the configuration adds, and which of it strangers see.
import { CONNECTION_HEADERS } from "../config/connection-headers.ts";

export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** The configured headers by lower-case name, with the URL's user info as Authorization where none is configured. */
export function configuredHeaders(
  url: URL,
  headers: Readonly<Record<string, readonly string[]>>,
): HeaderFields {
  const fields: Record<string, string | readonly string[]> = { ...userInfo(url) };
  for (const [name, values] of Object.entries(headers)) {
    const key = name.toLowerCase();
    const [first, ...others] = values;
    if (first === undefined || CONNECTION_HEADERS.has(key)) continue;
    fields[key] = others.length === 0 ? first : values;
  }
  return fields;
}

function userInfo({ username, password }: URL): HeaderFields {
  if (username === "" && password === "") return {};
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a "%" that stands for itself
  }
}
