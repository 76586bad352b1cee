// URLs of webhooks often carry secrets; this is what of them may be shown.

/** The URL without user info and fragment, its query replaced by "?…". What is no URL is not shown at all. */
export function safeUrl(url: string | URL): string {
  const parsed = URL.parse(String(url));
  if (parsed === null) return "(not a URL)";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search === "" ? "" : "?…"}`;
}
