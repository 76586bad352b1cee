// http.prefix: the part of every path that is the proxy's or the administrator's
// choice, taken off before anybody looks at the path.

/** The target below the prefix, as if there were none. Undefined: it is not below it. */
export function withoutPrefix(url: string, prefix: string): string | undefined {
  if (prefix === "") return url;
  const start = url.startsWith("/") ? 0 : pathStart(url);
  if (start < 0 || !url.startsWith(prefix, start)) return undefined;
  const rest = url.slice(start + prefix.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : undefined;
}

/** Where the path of "http://host/path" begins; -1: nowhere. */
function pathStart(url: string): number {
  const scheme = url.indexOf("://");
  return scheme < 0 ? -1 : url.indexOf("/", scheme + 3);
}
