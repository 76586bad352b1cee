// What must never be printed: the values of members with these names, wherever
// they stand.

/** Compared in lower case, without "-" and "_". */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  "accesskey",
  "apikey",
  "authorization",
  "cookie",
  "credentials",
  "password",
  "passwd",
  "privatekey",
  "proxyauthorization",
  "secret",
  "secretkey",
  "setcookie",
  "token",
]);

/** Stands where a secret stood. */
export const BLOTTED = "[redacted]";

export function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replace(/[-_]/g, ""));
}

/** A copy with the secrets blotted out. Plain objects and lists are searched; anything else is returned as it is. */
export function blotSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blotSecrets);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSecretName(name) && member !== undefined ? BLOTTED : blotSecrets(member),
    ]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
