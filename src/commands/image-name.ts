// What a command line names: "REPOSITORY:TAG", "REPOSITORY@DIGEST", or parts of it.
import { isDigest, parseDigest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName, parseTag } from "../oci/reference.ts";
import { isShortDigest } from "./short-digest.ts";
import { CommandFailure, EXIT } from "./world.ts";

export interface TagName {
  readonly repository: string;
  readonly tag: string;
}

export interface ManifestName {
  readonly repository: string;
  readonly digest: string;
}

/** Throws CommandFailure. */
export function parseTagName(text: string): TagName {
  const [, repository = "", tag = ""] = /^([^:@]+):([^:@]+)$/.exec(text) ?? [];
  if (tag === "") throw usage(`"${text}" is no tag; it looks like acme/app:v1`);
  return parsed(() => ({ repository: parseRepositoryName(repository), tag: parseTag(tag) }));
}

/** Throws CommandFailure. */
export function parseManifestName(text: string): ManifestName {
  const [, repository = "", digest = ""] = /^([^@]+)@(.+)$/s.exec(text) ?? [];
  if (digest === "") throw usage(`"${text}" names no manifest; it looks like acme/app@sha256:…`);
  return parsed(() => ({ repository: parseRepositoryName(repository), digest: parseDigest(digest) }));
}

/** The same, whose digest may be the beginning of one. Throws CommandFailure. */
export function parseShortName(text: string): ManifestName {
  const [, repository = "", digest = ""] = /^([^@]+)@(.+)$/s.exec(text) ?? [];
  return isShortDigest(digest)
    ? { repository: parseRepository(repository), digest }
    : parseManifestName(text);
}

/** A repository, or a manifest in it. Throws CommandFailure. */
export function parsePlace(text: string): { readonly repository: string; readonly digest?: string } {
  return text.includes("@") ? parseManifestName(text) : { repository: parseRepository(text) };
}

/** A digest, a manifest or a tag. Throws CommandFailure. */
export function parseContentName(text: string): { readonly digest: string } | TagName {
  if (isDigest(text)) return { digest: text };
  if (text.includes("@")) return parseManifestName(text);
  return /^sha\d+:/.test(text) ? { digest: parsed(() => parseDigest(text)) } : parseTagName(text);
}

/** Throws CommandFailure. */
export function parseRepository(text: string): string {
  return parsed(() => parseRepositoryName(text));
}

/** Throws CommandFailure. */
export function parseDigestOption(text: string, option: string): string {
  return parsed(() => parseDigest(text), `${option}: `);
}

function parsed<T>(parse: () => T, prefix = ""): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof RegistryError ? usage(prefix + error.message, error) : error;
  }
}

function usage(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage, cause });
}
