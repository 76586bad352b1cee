// What every way to reach the services must do: run over each transport.
import { blobTests } from "./services/blobs.ts";
import { consumerTests } from "./services/consumers.ts";
import { eventTests } from "./services/events.ts";
import type { ServiceSuite } from "./services/harness.ts";
import { listTests } from "./services/lists.ts";
import { maintenanceTests } from "./services/maintenance.ts";
import { manifestTests } from "./services/manifests.ts";
import { notificationTests } from "./services/notifications.ts";
import { quotaTests } from "./services/quotas.ts";
import { snapshotTests } from "./services/snapshots.ts";
import { trashTests } from "./services/trash.ts";
import { uploadTests } from "./services/uploads.ts";
import { usageTests } from "./services/usage.ts";

export function servicesContract(suite: ServiceSuite): void {
  blobTests(suite);
  uploadTests(suite);
  manifestTests(suite);
  listTests(suite);
  usageTests(suite);
  trashTests(suite);
  quotaTests(suite);
  eventTests(suite);
  consumerTests(suite);
  snapshotTests(suite);
  notificationTests(suite);
  maintenanceTests(suite);
}
