// The table of effects says what the protos promise.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../../src/gen/stowage/v1/usage_service_pb.ts";
import {
  AUTH_EFFECTS,
  BLOB_EFFECTS,
  EVENT_EFFECTS,
  MAINTENANCE_EFFECTS,
  MANIFEST_EFFECTS,
  NOTIFICATION_EFFECTS,
  UPLOAD_EFFECTS,
  USAGE_EFFECTS,
} from "../../src/rpc/effects.ts";
import { STOWAGE_SERVICES } from "../../src/rpc/routes.ts";

const TABLES: readonly (readonly [DescService, Readonly<Record<string, unknown>>])[] = [
  [BlobService, BLOB_EFFECTS],
  [UploadService, UPLOAD_EFFECTS],
  [ManifestService, MANIFEST_EFFECTS],
  [UsageService, USAGE_EFFECTS],
  [EventService, EVENT_EFFECTS],
  [NotificationService, NOTIFICATION_EFFECTS],
  [MaintenanceService, MAINTENANCE_EFFECTS],
  [AuthService, AUTH_EFFECTS],
];

test("each service that is mounted has a table", () => {
  const known = TABLES.map(([service]) => service.typeName);
  for (const { typeName } of STOWAGE_SERVICES) assert.ok(known.includes(typeName), typeName);
});

for (const [service, table] of TABLES) {
  for (const { name, localName, idempotency } of service.methods) {
    test(`${service.name}/${name} reads if and only if it has no side effects`, () => {
      const isFree = idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
      assert.equal(table[localName] === "reads", isFree);
    });
  }
}
