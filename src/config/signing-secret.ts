// Secrets of Standard Webhooks, with which deliveries are signed: "whsec_" and
// the key in Base64. standardwebhooks.com, Signature scheme.

/** The form, for people. */
export const SIGNING_SECRET = '"whsec_" and the Base64 of 24 to 64 bytes';

const FORM = /^whsec_([A-Za-z0-9+/]+)(={0,2})$/;

/** The key that the secret holds, or undefined when the text is none. Padding may be left out. */
export function parseSigningSecret(text: string): Uint8Array | undefined {
  const [, digits = "", padding = ""] = FORM.exec(text) ?? [];
  const key = Uint8Array.from(Buffer.from(digits, "base64"));
  if (key.length < 24 || key.length > 64) return undefined;
  const canonical = Buffer.from(key).toString("base64");
  return canonical === digits + padding || canonical.replace(/=+$/, "") === digits + padding
    ? key
    : undefined;
}
