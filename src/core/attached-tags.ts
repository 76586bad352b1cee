// Tags that are attached to a manifest by their name: "sha256-<hex>" is the fallback
// for referrers (distribution-spec, Referrers Tag Schema), with ".sig", ".att" or
// ".sbom" behind it they are cosign's. They live and die with their manifest. Names
// of sha512 digests are cut off there, and say too little to go by.
import { type Digest, isDigest } from "../oci/digest.ts";
import type { Tag } from "../oci/reference.ts";

const ATTACHED = /^sha256-([0-9a-f]{64})(?:\.[a-z0-9]+)?$/;

/** How the tags begin that are attached to the manifest; digestOfAttachedTag tells which of those are. */
export function attachedTagBeginning(digest: Digest): string {
  return digest.replace(":", "-");
}

/** The manifest that the tag is attached to by its name. Undefined: it is a tag like others. */
export function digestOfAttachedTag(tag: Tag): Digest | undefined {
  const digest = `sha256:${ATTACHED.exec(tag)?.[1]}`;
  return isDigest(digest) ? digest : undefined;
}
