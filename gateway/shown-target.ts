// A request's target as it may be shown in logs and traces: of its query only what the
// registry's API knows, for those are names and digests. What else a client put there
// may be a password.

/** The parameters of the API that hold no secret. */
const SHOWN: ReadonlySet<string> = new Set([
  "artifactType",
  "digest",
  "digest-algorithm",
  "from",
  "last",
  "mount",
  "n",
  "page",
  "tag",
]);

/** Stands for parameters that are not shown. */
const HIDDEN = "…";

/** "/v2/_catalog?n=10&…": the path, and the parameters that are known. */
export function shownTarget(url: string): string {
  const question = url.indexOf("?");
  if (question < 0) return withoutUser(url);
  const path = withoutUser(url.slice(0, question));
  const pairs = url.slice(question + 1).split("&");
  const shown = pairs.filter((pair) => SHOWN.has(nameOf(pair)));
  if (shown.length < pairs.length) shown.push(HIDDEN);
  return `${path}?${shown.join("&")}`;
}

/** What a client sends to a proxy, "http://user:password@host/v2/", may come here too. */
function withoutUser(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^([^/?#]*:\/\/)[^/?#]*@/, "$1");
}

function nameOf(pair: string): string {
  const equals = pair.indexOf("=");
  return equals < 0 ? pair : pair.slice(0, equals);
}
