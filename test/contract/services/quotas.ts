// Quotas over any transport: the refusal comes with its facts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import {
  type Clients,
  pushBlob,
  pushImage,
  type ServiceSuite,
  utf8,
  withRegistry,
  writing,
} from "./harness.ts";

const SETTINGS = {
  REGISTRY_QUOTAS: JSON.stringify([
    { name: "small", repositories: "small/**", bytes: 20 },
    { name: "few", repositories: "few/**", scope: "together", tags: 1 },
  ]),
};

const repository = "small/a";

async function denied(call: Promise<unknown>, facts: Readonly<Record<string, string>>): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, Code.PermissionDenied);
    const [info] = error.findDetails(ErrorInfoSchema);
    assert.equal(info?.reason, "DENIED");
    const { message, ...metadata } = info.metadata;
    assert.match(message ?? "", /may hold .* holds /);
    assert.deepEqual(metadata, facts);
    return true;
  });
}

export function quotaTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, SETTINGS));

  check("what does not fit into a quota is refused, wherever that is found out", async (clients) => {
    const { blobs, uploads } = clients;
    const facts = { quota: "small", limit: "20", used: "12", unit: "bytes" };
    await pushBlob(clients, repository, utf8("twelve bytes"));
    const digest = await pushBlob(clients, "large/a", utf8("nine more"));
    await denied(blobs.mountBlob({ repository, digest }), { ...facts, requested: "9" });
    const { upload } = await uploads.createUpload({ repository });
    const name = { repository, uploadId: upload?.uploadId ?? "" };
    await denied(uploads.writeUpload(writing(name, utf8("nine more"))), { ...facts, requested: "9" });
    await uploads.writeUpload(writing({ ...name, offset: 0n }, utf8("eight...")));
    await uploads.commitUpload({ ...name, digest: digestOf(utf8("eight...")) });
    await denied(uploads.createUpload({ repository }), { ...facts, used: "20", requested: "1" });
  });

  check("what is announced is judged before a byte has come", async ({ uploads, ...clients }) => {
    const held = utf8("twelve bytes");
    const facts = { quota: "small", limit: "20", used: "12", unit: "bytes" };
    const digest = await pushBlob({ uploads, ...clients }, repository, held);
    await denied(uploads.createUpload({ repository, size: 9n }), { ...facts, requested: "9" });
    const other = digestOf(utf8("another"));
    await denied(uploads.createUpload({ repository, size: 9n, digest: other }), { ...facts, requested: "9" });
    assert.deepEqual((await uploads.listUploads({ repository })).uploads, [], "no session was opened");
    for (const fitting of [{ size: 8n }, { size: 0n }, { size: 12n, digest }])
      assert.ok((await uploads.createUpload({ repository, ...fitting })).upload);
  });

  check("the writer of a long stream is told when it is too much, not at its end", async ({ uploads }) => {
    const { upload } = await uploads.createUpload({ repository });
    const name = { repository, uploadId: upload?.uploadId ?? "" };
    async function* long() {
      for await (const message of writing(name, utf8("x"))) yield message;
      const [, chunk] = await Array.fromAsync(writing(name, utf8("y".repeat(64 * 1024))));
      assert.ok(chunk);
      for (let count = 0; count < 2000; count++) yield chunk;
      assert.fail("all of it was taken");
    }
    const facts = { quota: "small", limit: "20", used: "0", requested: String(1 + 64 * 1024), unit: "bytes" };
    await denied(uploads.writeUpload(long()), facts);
    await uploads.cancelUpload(name);
  });

  check("tags are limited at the manifest", async (clients) => {
    await pushImage(clients, "few/a", { tags: ["v1"] });
    await pushImage(clients, "few/a", { tags: ["v1"], seed: "again" });
    const facts = { quota: "few", limit: "1", used: "1", requested: "1", unit: "tags" };
    await denied(pushImage(clients, "few/b", { tags: ["v1"] }), facts);
  });
}
