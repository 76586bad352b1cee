// Signed JSON documents as libtrust writes them ("prettyjws"): the payload with one more
// member, "signatures", before its closing brace. The digest of such a manifest is that of
// the payload. docker image manifest v2 schema 1, Signed Manifests; RFC 7515, 7.2.
import { type PayloadFormat, readSignature, type Signature, verifySignature } from "./jws-signature.ts";
import { manifestInvalid, manifestUnverified } from "./manifest-errors.ts";
import { parseDocument } from "./signed-json.ts";

/** The most signatures that a document may have. */
export const MAX_SIGNATURES = 100;

export interface SignedDocument {
  /** What was signed: the exact bytes that the manifest's digest is of. */
  readonly payload: Uint8Array;
  /** At least one. Whether they are true, verifySignatures says. */
  readonly signatures: readonly Signature[];
}

const MEMBER = "signatures";
const COMMA = 0x2c;

/** Takes a document apart. Throws MANIFEST_INVALID. */
export function parseSignedDocument(content: Uint8Array): SignedDocument {
  const signatures = readSignatures(parseDocument(content)[MEMBER]);
  const format = commonFormat(signatures);
  checkRest(content.subarray(format.length));
  const payload = Buffer.concat([content.subarray(0, format.length), format.tail]);
  parseDocument(payload);
  return { payload, signatures };
}

/** Every signature must be true. Throws MANIFEST_UNVERIFIED. */
export async function verifySignatures({ payload, signatures }: SignedDocument): Promise<void> {
  if (signatures.length === 0) throw manifestUnverified("the manifest has no signature");
  const encoded = Buffer.from(Buffer.from(payload).toString("base64url"));
  for (const signature of signatures) await verifySignature(encoded, signature);
}

/**
 * The document of this payload with these signatures, in their order. Throws MANIFEST_INVALID when they are not of such a
 * payload.
 */
export function joinSignatures({ payload, signatures }: SignedDocument): Uint8Array {
  const { length, tail } = commonFormat(signatures);
  const head = payload.subarray(0, length);
  if (Buffer.compare(Buffer.concat([head, tail]), payload) !== 0)
    throw manifestInvalid("the signatures say that the payload is written in another way");
  return Buffer.concat([head, Buffer.from(memberText(signatures, indentOf(head)))]);
}

/** All that are different, in the order in which they come; never more than a document may have. */
export function mergeSignatures(
  known: readonly Signature[],
  added: readonly Signature[],
): readonly Signature[] {
  const merged = new Map<string, Signature>();
  for (const signature of [...known, ...added]) {
    const { keyId, algorithm, json } = signature;
    const identity = `${keyId} ${algorithm} ${json.protected} ${json.signature}`;
    if (!merged.has(identity)) merged.set(identity, signature);
  }
  return [...merged.values()].slice(0, MAX_SIGNATURES);
}

/** A signature as distribution 2.0 to 2.4 stored each of them: the JSON of one. Throws MANIFEST_INVALID. */
export function parseStoredSignature(content: Uint8Array): Signature {
  return readSignature(parseDocument(content));
}

/**
 * The document of a payload and the signatures that were stored beside it. Throws MANIFEST_INVALID, and
 * MANIFEST_UNVERIFIED when there are none.
 */
export function joinStoredSignatures(payload: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array {
  if (signatures.length === 0) throw manifestUnverified("the manifest has no signature");
  return joinSignatures({ payload, signatures: mergeSignatures([], signatures.map(parseStoredSignature)) });
}

function readSignatures(list: unknown): readonly Signature[] {
  if (list === undefined) throw manifestInvalid(`the manifest has no "${MEMBER}"; schema 1 must be signed`);
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_SIGNATURES)
    throw manifestInvalid(`"${MEMBER}" must be a list of 1 to ${MAX_SIGNATURES}`);
  return list.map(readSignature);
}

/** They are all of one payload, so that they must agree. */
function commonFormat(signatures: readonly Signature[]): PayloadFormat {
  const [first, ...others] = signatures;
  if (first === undefined) throw manifestUnverified("the manifest has no signature");
  const { length, tail } = first.format;
  const agree = others.every(
    ({ format }) => format.length === length && Buffer.compare(format.tail, tail) === 0,
  );
  if (!agree) throw manifestInvalid('the signatures do not agree in "formatLength" and "formatTail"');
  return first.format;
}

/** Behind the payload's part only signatures may come: nobody may read there what nobody signed. */
function checkRest(rest: Uint8Array): void {
  if (rest[0] !== COMMA) throw manifestInvalid('"formatLength" does not say where the signatures begin');
  const members = Object.keys(parseDocument(Buffer.concat([Buffer.from("{"), rest.subarray(1)])));
  if (members.length !== 1 || members[0] !== MEMBER)
    throw manifestInvalid(`behind what is signed, the manifest may have nothing but "${MEMBER}"`);
}

function memberText(signatures: readonly Signature[], indent: string): string {
  const list = signatures.map(({ json }) => json);
  if (indent === "") return `,"${MEMBER}":${JSON.stringify(list)}}`;
  const lines = JSON.stringify(list, null, indent).replaceAll("\n", `\n${indent}`);
  return `,\n${indent}"${MEMBER}": ${lines}\n}`;
}

/** With what the payload's first member is indented, as libtrust finds it. */
function indentOf(head: Uint8Array): string {
  const start = Buffer.from(head.subarray(0, 20)).toString("latin1");
  return /^\{\n([ \t]{1,10})"/.exec(start)?.[1] ?? "";
}
