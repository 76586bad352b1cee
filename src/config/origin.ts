// Origins, as browsers name the pages that ask: SCHEME://HOST[:PORT]. RFC 6454.

const FORM = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#\\@*]+$/i;

/** The origin in the form that browsers send, "*" as it is; undefined when the text is none. */
export function parseOrigin(text: string): string | undefined {
  if (text === "*") return text;
  if (!FORM.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host } = new URL(text);
  return host === "" ? undefined : `${protocol}//${host.toLowerCase()}`;
}
