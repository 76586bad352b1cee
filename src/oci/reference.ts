// Names: repositories, tags, and the reference that may be either a tag or a
// digest. distribution-spec, Pulling manifests.
import { type Digest, parseDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";

declare const repositoryBrand: unique symbol;
declare const tagBrand: unique symbol;

/** A well-formed repository name, such as "library/alpine". */
export type RepositoryName = string & { readonly [repositoryBrand]: true };

/** A well-formed tag. */
export type Tag = string & { readonly [tagBrand]: true };

/** Tag or digest. */
export type Reference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };

/** The longest repository name; clients allow 255 with the host in front. */
export const MAX_REPOSITORY_LENGTH = 255;

/** The longest tag. */
export const MAX_TAG_LENGTH = 128;

// distribution-spec's expression, written so that it cannot backtrack badly:
// every separator is followed by a character that no separator contains.
const COMPONENT = "[a-z0-9]+(?:(?:\\.|__|_|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Turns text into a RepositoryName; throws NAME_INVALID. */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text)) return text as RepositoryName;
  const shown = shorten(text);
  const message =
    text.length > MAX_REPOSITORY_LENGTH
      ? `repository name "${shown}" has ${text.length} characters; at most ${MAX_REPOSITORY_LENGTH} are allowed`
      : `repository name "${shown}" must be lower-case letters and digits, separated by ".", "_", "__", "-" or "/"`;
  throw new RegistryError("NAME_INVALID", { repository: shown }, { message });
}

/** Turns text into a Tag; throws TAG_INVALID. */
export function parseTag(text: string): Tag {
  if (TAG.test(text)) return text as Tag;
  const shown = shorten(text);
  const message = `tag "${shown}" must be 1 to ${MAX_TAG_LENGTH} of A-Z a-z 0-9 _ . - and not start with . or -`;
  throw new RegistryError("TAG_INVALID", { tag: shown }, { message });
}

/** Turns text into a Reference: with a colon it is a digest, without one a tag. Throws DIGEST_INVALID or TAG_INVALID. */
export function parseReference(text: string): Reference {
  return text.includes(":")
    ? { kind: "digest", digest: parseDigest(text) }
    : { kind: "tag", tag: parseTag(text) };
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
