// Every configuration key there is, by its path: distribution's, with the same
// names and meanings, and ours beside them.
import type { Key } from "./key.ts";
import { keyTable, type ValuesOf } from "./key-table.ts";
import { authKeys } from "./keys/auth.ts";
import { besideKeys } from "./keys/beside.ts";
import { checkKeys } from "./keys/checks.ts";
import { eventKeys } from "./keys/events.ts";
import { healthKeys } from "./keys/health.ts";
import { httpKeys } from "./keys/http.ts";
import { logKeys } from "./keys/log.ts";
import { notificationKeys } from "./keys/notifications.ts";
import { quotaKeys } from "./keys/quotas.ts";
import { retentionKeys } from "./keys/retention.ts";
import { storageKeys } from "./keys/storage.ts";
import { tracingKeys } from "./keys/tracing.ts";

/** The whole configuration. */
export const CONFIGURATION = keyTable({
  ...logKeys,
  ...storageKeys,
  ...retentionKeys,
  ...quotaKeys,
  ...httpKeys,
  ...authKeys,
  ...besideKeys,
  ...notificationKeys,
  ...eventKeys,
  ...checkKeys,
  ...tracingKeys,
  ...healthKeys,
});

/** The parsed value of each key that acts, by path. */
export type Values = ValuesOf<(typeof CONFIGURATION)["entries"]>;

/** All keys, in the order of the documentation. */
export const KEYS: ReadonlyMap<string, Key> = CONFIGURATION.keys;

/** The keys that hold keys: "http", "http.debug", … */
export const SECTIONS: ReadonlySet<string> = CONFIGURATION.sections;
