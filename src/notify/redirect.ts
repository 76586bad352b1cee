// Where an answer sends a POST on to. A POST stays a POST: that is what 307 and 308
// say, and what receivers that moved mean by 301 and 302.
import { type Answer, headerValue } from "./answer.ts";
import { safeUrl } from "./safe-url.ts";

/** How often one POST is sent on. */
export const MAX_REDIRECTS = 5;

/** A redirect that is not followed; the message says why. */
export class RedirectRefused extends Error {
  override readonly name = "RedirectRefused";
}

// 303 is none of them: it says that the POST was taken.
const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/**
 * The next place, or undefined when the answer is the last word. `visited`: all places so far, this one last. An answer
 * that sends on to no place has not taken the message: that is no last word.
 * Throws RedirectRefused.
 */
export function redirectTarget(visited: readonly URL[], answer: Answer): URL | undefined {
  const from = visited.at(-1);
  if (!FOLLOWED.has(answer.status) || from === undefined) return undefined;
  const location = headerValue(answer.headers.location);
  const target = location === undefined ? null : URL.parse(location, from.href);
  if (target === null)
    throw new RedirectRefused(`the receiver answered ${answer.status} without a place to go to`);
  target.username = "";
  target.password = "";
  target.hash = "";
  refuse(target, from, visited);
  return target;
}

function refuse(target: URL, from: URL, visited: readonly URL[]): void {
  if (target.protocol !== "http:" && target.protocol !== "https:")
    throw new RedirectRefused(`a redirect to ${target.protocol} is not followed`);
  if (from.protocol === "https:" && target.protocol === "http:")
    throw new RedirectRefused(`a redirect from https to http, to ${target.host}, is not followed`);
  if (visited.some((url) => withoutUser(url) === target.href))
    throw new RedirectRefused(`redirects lead in a circle, back to ${safeUrl(target)}`);
  if (visited.length > MAX_REDIRECTS) throw new RedirectRefused(`more than ${MAX_REDIRECTS} redirects`);
}

function withoutUser(url: URL): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  return copy.href;
}
