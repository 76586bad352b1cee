// Signs messages as Standard Webhooks has it (standardwebhooks.com), so that a
// receiver can tell who sent them, that they are whole, and that they are not old ones.
import { createHmac } from "node:crypto";

export interface SignedMessage {
  /** The same for every attempt at the same message; receivers know by it what they have had. */
  readonly id: string;
  /** When the attempt is made. */
  readonly timeMs: number;
  readonly body: string;
  /** Each makes a signature of its own, so that keys can be changed without a gap. None: it is not signed. */
  readonly keys: readonly Uint8Array[];
}

export function signatureHeaders({ id, timeMs, body, keys }: SignedMessage): Record<string, string> {
  const timestamp = String(Math.floor(timeMs / 1000));
  const signatures = keys.map(
    (key) => `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    ...(signatures.length > 0 && { "webhook-signature": signatures.join(" ") }),
  };
}
