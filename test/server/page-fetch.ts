// fetch as a page in a browser has it: it asks before each call, keeps answers of servers that did not allow the
// page, and hides what they did not expose. Fetch Standard, CORS protocol. Node's own fetch does none of that.

/** Answers may show these without being told. Fetch Standard, CORS-safelisted response-header name. */
const SAFE_HEADERS = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "pragma",
];

/** fetch of a page of this origin. */
export function pageFetch(origin: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    await ask(origin, request);
    request.headers.set("Origin", origin);
    return shown(origin, await fetch(request));
  };
}

/** The question before a call; Connect's content types make one necessary each time. */
async function ask(origin: string, { url, method, headers, signal }: Request): Promise<void> {
  const names = [...headers.keys()].toSorted();
  const answer = await fetch(url, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": names.join(","),
    },
    signal,
  });
  const allowed = listOf(answer, "access-control-allow-headers");
  const refused = names.find((name) => !allowed.includes(name));
  if (!answer.ok || !isAllowed(origin, answer))
    throw new TypeError("Failed to fetch: the origin is not allowed");
  if (!listOf(answer, "access-control-allow-methods").includes(method.toLowerCase()))
    throw new TypeError(`Failed to fetch: ${method} is not allowed`);
  if (refused !== undefined) throw new TypeError(`Failed to fetch: the header ${refused} is not allowed`);
}

function shown(origin: string, answer: Response): Response {
  if (!isAllowed(origin, answer)) throw new TypeError("Failed to fetch: the origin is not allowed");
  const exposed = [...SAFE_HEADERS, ...listOf(answer, "access-control-expose-headers")];
  const headers = new Headers([...answer.headers].filter(([name]) => exposed.includes(name)));
  return new Response(answer.body, { status: answer.status, headers });
}

function isAllowed(origin: string, { headers }: Response): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === origin || allowed === "*";
}

function listOf({ headers }: Response, name: string): readonly string[] {
  return (headers.get(name) ?? "").toLowerCase().split(/\s*,\s*/);
}
