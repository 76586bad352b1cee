// What is noted of a request goes into its line of the log and into all others that are
// written for it, before anybody has looked whether it is a name at all.

/** The longest name there is, a repository's, has 255 characters. */
const MAX_NAME = 256;

/** The text; of one that is too long for a name the beginning. */
export function noted(text: string): string {
  return text.length > MAX_NAME ? text.slice(0, MAX_NAME) : text;
}
