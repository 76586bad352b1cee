// What MaintenanceService finds on a disk that has forgotten, who gets a backup with
// secrets, and how its streams end when the server does.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { blobPath } from "../../src/blobs/paths.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { openGuardedServer } from "../access/callers.ts";
import { pushImage, rejects } from "../contract/services/harness.ts";
import { openWholeServer } from "../server/whole-server.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const repository = "a/b";

function clientsOf(baseUrl: string) {
  const transport = createConnectTransport({ baseUrl, httpVersion: "1.1" });
  return {
    blobs: createClient(BlobService, transport),
    uploads: createClient(UploadService, transport),
    manifests: createClient(ManifestService, transport),
    events: createClient(EventService, transport),
    maintenance: createClient(MaintenanceService, transport),
  };
}

async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

test("a changed blob and one that is gone are found, named, and pushed again", async () => {
  const folder = await makeTemporaryDirectory();
  try {
    await using server = await openWholeServer({ folder });
    const clients = clientsOf(server.url);
    const { maintenance, manifests, blobs } = clients;
    const { digest, content } = await pushImage(clients, repository, { tags: ["v"] });
    const document = JSON.parse(Buffer.from(content).toString());
    const [changed, gone] = [document.layers[0].digest, document.config.digest].map(parseDigest);
    assert.ok(changed && gone);
    const root = join(folder, "stowage");
    const path = blobPath(root, changed);
    const bytes = await readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await rm(path);
    await writeFile(path, bytes);
    await rm(blobPath(root, gone));

    const items = (await all(maintenance.runScrub({ bytesPerSecond: 0n }))).map(({ item }) => item);
    const findings = items.flatMap((item) => (item.case === "finding" ? [item.value] : []));
    assert.deepEqual(
      findings.map(({ digest: bad, repositories, repaired }) => [bad, repositories, repaired]).sort(),
      [changed, gone].map((bad) => [bad, [repository], false]).sort(),
    );
    assert.ok(findings.every(({ message }) => message !== ""));
    const finished = items.at(-1);
    assert.equal(finished?.case, "finished");
    assert.equal(finished.value.damaged, 2n);
    assert.ok((await maintenance.explainBlob({ digest: changed })).damageTime);
    await rejects(blobs.statBlob({ repository, digest: changed }), Code.NotFound, "BLOB_UNKNOWN");

    await pushImage(clients, repository, { tags: ["v"] });
    await blobs.statBlob({ repository, digest: changed });
    assert.equal((await maintenance.explainBlob({ digest: changed })).damageTime, undefined);
    const again = (await all(maintenance.runFsck({ repair: true }))).map(({ item }) => item);
    assert.deepEqual(
      again.filter((item) => item.case === "finding"),
      [],
    );
    assert.deepEqual((await manifests.deleteManifest({ repository, digest })).tags, ["v"]);
  } finally {
    await removeTemporaryDirectory(folder);
  }
});

test("a check names a file that is missing, and tells what became of it", async () => {
  const folder = await makeTemporaryDirectory();
  try {
    await using server = await openWholeServer({ folder });
    const clients = clientsOf(server.url);
    const { content } = await pushImage(clients, repository, { tags: ["v"] });
    const gone = parseDigest(JSON.parse(Buffer.from(content).toString()).config.digest);
    await rm(blobPath(join(folder, "stowage"), gone));
    const check = async (repair: boolean) => {
      const items = (await all(clients.maintenance.runFsck({ repair }))).map(({ item }) => item);
      const last = items.at(-1);
      assert.equal(last?.case, "finished");
      const findings = items.flatMap((item) => (item.case === "finding" ? [item.value] : []));
      assert.equal(Number(last.value.findings), findings.length);
      assert.equal(Number(last.value.repaired), findings.filter(({ repaired }) => repaired).length);
      return findings;
    };
    const [finding, ...others] = await check(false);
    assert.deepEqual([finding?.kind, finding?.digest, finding?.repaired], ["blob-missing", gone, false]);
    assert.ok(finding?.message);
    assert.deepEqual(others, []);
    assert.equal((await clients.maintenance.explainBlob({ digest: gone })).damageTime, undefined);
  } finally {
    await removeTemporaryDirectory(folder);
  }
});

test("who administrates the registry gets a backup with secrets, unless they ask for one without", async () => {
  await using guarded = await openGuardedServer();
  const { maintenance } = clientsOf(guarded.server.url);
  const headers = { authorization: guarded.authorization("admin", "admin") ?? "" };
  for (const withoutSecrets of [false, true]) {
    const messages = await all(maintenance.takeSnapshot({ withoutSecrets }, { headers }));
    const part = messages[0]?.part;
    assert.equal(part?.case, "header");
    assert.equal(part.value.withSecrets, !withoutSecrets);
  }
});

test("a job ends with UNAVAILABLE when the server shuts down", async () => {
  const server = await openWholeServer();
  const clients = clientsOf(server.url);
  await pushImage(clients, repository, { tags: ["v"] });
  const { maintenance } = clients;
  // So slow that it does not end by itself.
  const scrub = all(maintenance.runScrub({ bytesPerSecond: 1n })).catch(ConnectError.from);
  await eventually("the scrub", async () => {
    const { status } = await maintenance.getMaintenanceStatus({});
    return status?.scrub?.running || undefined;
  });
  await server.server.close({ drainMs: 5000 });
  const error = await scrub;
  assert.ok(error instanceof ConnectError);
  assert.equal(error.code, Code.Unavailable);
  assert.equal(error.findDetails(ErrorInfoSchema)[0]?.reason, "UNAVAILABLE");
  await server[Symbol.asyncDispose]();
});
