// If-Match and If-None-Match on a change of a tag: the client says what must be
// true of it, and the registry checks and changes in one step. RFC 9110, 13.1.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TagPreconditionSchema } from "../src/gen/stowage/v1/manifest_pb.ts";
import { isDigest } from "../src/oci/digest.ts";
import { RegistryError } from "../src/oci/errors.ts";
import { type EntityTagCondition, parseCondition } from "./entity-tags.ts";
import type { HttpRequest } from "./http-messages.ts";

export type TagPrecondition = MessageInitShape<typeof TagPreconditionSchema>;

/** The request's condition; undefined when it has none. Throws REQUEST_INVALID. */
export function tagPrecondition({ headers }: HttpRequest): TagPrecondition | undefined {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match !== undefined && noneMatch !== undefined) {
    const message = "If-Match and If-None-Match cannot both be required of a tag";
    throw new RegistryError("REQUEST_INVALID", {}, { message });
  }
  if (match !== undefined) return ifMatch(parseCondition(match));
  if (noneMatch !== undefined) return ifNoneMatch(parseCondition(noneMatch));
  return undefined;
}

/** True when a manifest that exists, or does not, under its own digest meets the condition. */
export function isMetByManifest(precondition: TagPrecondition, digest: string, exists: boolean): boolean {
  const { condition } = precondition;
  switch (condition?.case) {
    case "present":
      return exists;
    case "absent":
      return !exists;
    case "anyOf":
      return exists && condition.value.digests?.includes(digest) === true;
    case "noneOf":
      return !exists || condition.value.digests?.includes(digest) !== true;
    default:
      return true;
  }
}

/** Strong comparison: a weak entity tag matches nothing. */
function ifMatch(condition: EntityTagCondition): TagPrecondition {
  if (condition === "*") return { condition: { case: "present", value: true } };
  const digests = condition.filter((tag) => !tag.weak && isDigest(tag.text)).map((tag) => tag.text);
  return { condition: { case: "anyOf", value: { digests } } };
}

/** Weak comparison. What is no digest is no manifest's entity tag. */
function ifNoneMatch(condition: EntityTagCondition): TagPrecondition {
  if (condition === "*") return { condition: { case: "absent", value: true } };
  const digests = condition.filter((tag) => isDigest(tag.text)).map((tag) => tag.text);
  return { condition: { case: "noneOf", value: { digests } } };
}
