// The secrets of webhooks that lie in files, read when the rest is known to be right.
import type { Endpoint } from "./read-endpoints.ts";
import type { ValueProblem } from "./read-table.ts";
import { parseSigningSecret, SIGNING_SECRET } from "./signing-secret.ts";
import type { WebhookConfig } from "./webhook.ts";

export interface WebhooksReading {
  readonly webhooks: readonly WebhookConfig[];
  readonly problems: readonly ValueProblem[];
}

/** Files of disabled webhooks are left alone: they need not be there. */
export function readSecretFiles(
  endpoints: readonly Endpoint[],
  readText: (path: string) => string,
): WebhooksReading {
  const problems: ValueProblem[] = [];
  const webhooks = endpoints.map(({ webhook, secretFiles }, index) => {
    if (webhook.disabled) return webhook;
    const secrets = secretFiles.flatMap((path, position) => {
      const secret = readSecret(path, readText);
      if (secret instanceof Uint8Array) return [secret];
      const at = ["notifications", "endpoints", index, "signing", "secretfiles", position];
      problems.push({ path: at, message: secret });
      return [];
    });
    return { ...webhook, secrets: [...webhook.secrets, ...secrets] };
  });
  return { webhooks, problems };
}

/** The key, or what is wrong. Of the file's content nothing is said. */
function readSecret(path: string, readText: (path: string) => string): Uint8Array | string {
  try {
    const content = readText(path).replace(/\r?\n$/, "");
    return parseSigningSecret(content) ?? `"${path}" does not hold a secret, ${SIGNING_SECRET}`;
  } catch (error) {
    return `"${path}" cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
