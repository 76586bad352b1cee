// Reads errors as the Docker API has them. distribution-spec, Error Codes.

/** The codes of an error document; throws when the bytes are not one. */
export function errorCodes(body: Uint8Array): readonly string[] {
  const document: unknown = JSON.parse(Buffer.from(body).toString());
  if (!isObject(document) || !Array.isArray(document.errors) || document.errors.length === 0)
    throw new Error("an error document needs errors");
  return document.errors.map(errorCode);
}

function errorCode(problem: unknown): string {
  if (!isObject(problem) || typeof problem.message !== "string") throw new Error("an error needs a message");
  if (typeof problem.code !== "string" || !/^[A-Z_]+$/.test(problem.code))
    throw new Error("an error needs a code");
  return problem.code;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
