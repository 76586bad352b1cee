// UploadService over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { digestOf } from "../../../src/oci/digest.ts";
import {
  type Clients,
  pushBlob,
  rejects,
  type ServiceSuite,
  utf8,
  withRegistry,
  writing,
} from "./harness.ts";

const repository = "a/b";
const UNHEARD = "01a1fa2b-ab1c-7ebc-bd4d-104baa7b209e";

async function begin({ uploads }: Clients, digestAlgorithm?: string) {
  const { upload } = await uploads.createUpload({ repository, ...(digestAlgorithm && { digestAlgorithm }) });
  assert.ok(upload);
  return { repository, uploadId: upload.uploadId };
}

export function uploadTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run));

  check("a session takes bytes in parts and tells where it stands", async (clients) => {
    const name = await begin(clients);
    const first = await clients.uploads.writeUpload(writing(name, utf8("hello "), utf8("wor")));
    assert.equal(first.upload?.offset, 9n);
    await clients.uploads.writeUpload(writing({ ...name, offset: 9n, size: 2n }, utf8("ld")));
    assert.equal((await clients.uploads.getUpload(name)).upload?.offset, 11n);
    const digest = digestOf(utf8("hello world"));
    const { descriptor } = await clients.uploads.commitUpload({ ...name, digest });
    assert.deepEqual([descriptor?.digest, descriptor?.size], [digest, 11n]);
    assert.equal((await clients.blobs.statBlob({ repository, digest })).descriptor?.size, 11n);
  });

  check("bytes that do not belong at the end are refused with the right place", async (clients) => {
    const name = await begin(clients);
    await clients.uploads.writeUpload(writing(name, utf8("12345")));
    for (const offset of [0n, 4n, 6n]) {
      const write = clients.uploads.writeUpload(writing({ ...name, offset }, utf8("x")));
      const [facts] = await rejects(write, Code.OutOfRange, "RANGE_INVALID");
      assert.equal(facts?.offset, "5");
    }
    assert.equal((await clients.uploads.getUpload(name)).upload?.offset, 5n);
  });

  check("a size that was not kept is refused and what came is kept", async (clients) => {
    const name = await begin(clients);
    const write = clients.uploads.writeUpload(writing({ ...name, size: 9n }, utf8("12345")));
    await rejects(write, Code.InvalidArgument, "SIZE_INVALID");
    assert.equal((await clients.uploads.getUpload(name)).upload?.offset, 5n);
  });

  check("a wrong digest leaves the session usable", async (clients) => {
    const name = await begin(clients);
    await clients.uploads.writeUpload(writing(name, utf8("abc")));
    const wrong = clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("x")) });
    await rejects(wrong, Code.InvalidArgument, "DIGEST_INVALID");
    await rejects(
      clients.uploads.commitUpload({ ...name, digest: "abc" }),
      Code.InvalidArgument,
      "DIGEST_INVALID",
    );
    await clients.uploads.writeUpload(writing({ ...name, offset: 3n }, utf8("d")));
    await clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("abcd")) });
  });

  check("asking twice for a commit gives the same answer, for another digest none", async (clients) => {
    const name = await begin(clients);
    await clients.uploads.writeUpload(writing(name, utf8("abc")));
    const digest = digestOf(utf8("abc"));
    const first = await clients.uploads.commitUpload({ ...name, digest });
    assert.deepEqual(await clients.uploads.commitUpload({ ...name, digest }), first);
    const other = clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("x")) });
    await rejects(other, Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
  });

  check("either algorithm can be committed, whichever was announced", async (clients) => {
    for (const announced of ["sha256", "sha512"] as const)
      for (const algorithm of ["sha256", "sha512"] as const) {
        const content = utf8(`${announced} ${algorithm}`);
        const name = await begin(clients, announced);
        await clients.uploads.writeUpload(writing(name, content));
        await clients.uploads.commitUpload({ ...name, digest: digestOf(content, algorithm) });
      }
    await rejects(begin(clients, "md5"), Code.InvalidArgument, "DIGEST_INVALID");
  });

  check("a session is for the digest that is announced, which must be one", async ({ uploads }) => {
    const digest = digestOf(utf8("announced"), "sha512");
    const { upload } = await uploads.createUpload({ repository, size: 9n, digest });
    assert.equal(upload?.digestAlgorithm, "sha512");
    const named = await uploads.createUpload({ repository, digest, digestAlgorithm: "sha256" });
    assert.equal(named.upload?.digestAlgorithm, "sha256");
    const none = uploads.createUpload({ repository, digest: "sha256:ab" });
    await rejects(none, Code.InvalidArgument, "DIGEST_INVALID");
    await rejects(uploads.createUpload({ repository, size: -1n }), Code.InvalidArgument, "SIZE_INVALID");
  });

  check("a session without bytes becomes the empty blob and nothing else", async (clients) => {
    const name = await begin(clients);
    const full = clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("abc")) });
    await rejects(full, Code.InvalidArgument, "DIGEST_INVALID");
    await clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("")) });
  });

  check("bytes of somebody else's blob cannot be claimed without having them", async (clients) => {
    const digest = await pushBlob(clients, "other", utf8("secret"));
    const name = await begin(clients);
    await rejects(clients.uploads.commitUpload({ ...name, digest }), Code.InvalidArgument, "DIGEST_INVALID");
  });

  check("a session is known only by its id and in its repository", async (clients) => {
    const { uploadId } = await begin(clients);
    for (const name of [
      { repository, uploadId: UNHEARD },
      { repository, uploadId: "../../etc" },
      { repository: "other", uploadId },
    ]) {
      await rejects(clients.uploads.getUpload(name), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
      await rejects(clients.uploads.writeUpload(writing(name)), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
      await rejects(clients.uploads.cancelUpload(name), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
      const commit = clients.uploads.commitUpload({ ...name, digest: digestOf(utf8("")) });
      await rejects(commit, Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
    }
  });

  check("only one may write at a time", async (clients) => {
    const name = await begin(clients);
    const gate = Promise.withResolvers<void>();
    const sent = Promise.withResolvers<void>();
    async function* slow() {
      yield* writing(name, utf8("a"));
      sent.resolve();
      await gate.promise;
    }
    const writer = clients.uploads.writeUpload(slow());
    await sent.promise;
    await untilHeld(clients, name);
    await rejects(clients.uploads.writeUpload(writing(name, utf8("b"))), Code.Aborted, "BLOB_UPLOAD_INVALID");
    await rejects(clients.uploads.cancelUpload(name), Code.Aborted, "BLOB_UPLOAD_INVALID");
    gate.resolve();
    assert.equal((await writer).upload?.offset, 1n);
  });

  check(
    "a writer that leaves frees the session, and another goes on from where it stands",
    async (clients) => {
      const name = await begin(clients);
      const leave = new AbortController();
      const gate = Promise.withResolvers<void>();
      async function* broken() {
        yield* writing(name, utf8("abc"));
        await untilHeld(clients, name);
        leave.abort();
        await gate.promise;
      }
      await assert.rejects(clients.uploads.writeUpload(broken(), { signal: leave.signal }));
      const content = utf8("abcdef");
      await eventually(async () => {
        const offset = (await clients.uploads.getUpload(name)).upload?.offset ?? 0n;
        await clients.uploads.writeUpload(writing({ ...name, offset }, content.slice(Number(offset))));
      });
      gate.resolve();
      await clients.uploads.commitUpload({ ...name, digest: digestOf(content) });
    },
  );

  check("a cancelled session is gone", async (clients) => {
    const name = await begin(clients);
    await clients.uploads.writeUpload(writing(name, utf8("abc")));
    await clients.uploads.cancelUpload(name);
    await rejects(clients.uploads.getUpload(name), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
  });

  check("open sessions are listed in pages, oldest first", async (clients) => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push((await begin(clients)).uploadId);
    await clients.uploads.createUpload({ repository: "other" });
    const first = await clients.uploads.listUploads({ repository, pageSize: 3 });
    const second = await clients.uploads.listUploads({
      repository,
      pageSize: 3,
      pageToken: first.nextPageToken,
    });
    assert.deepEqual(
      [...first.uploads, ...second.uploads].map((upload) => upload.uploadId),
      ids,
    );
    assert.equal(second.nextPageToken, "");
    const { uploads } = await clients.uploads.listUploads({});
    assert.equal(uploads.length, 6);
    for (const { createTime, lastActivityTime } of uploads) assert.deepEqual(lastActivityTime, createTime);
    const { upload } = await clients.uploads.getUpload({ repository, uploadId: ids[0] ?? "" });
    assert.equal(upload?.lastActivityTime, undefined);
    const bad = clients.uploads.listUploads({ pageToken: "%" });
    await rejects(bad, Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
    await rejects(
      clients.uploads.listUploads({ pageSize: -1 }),
      Code.InvalidArgument,
      "PAGINATION_NUMBER_INVALID",
    );
  });

  check("a stream that does not begin with start is refused", async (clients) => {
    const [, chunk] = await Array.fromAsync(writing({ repository, uploadId: UNHEARD }, utf8("x")));
    async function* headless() {
      if (chunk !== undefined) yield chunk;
    }
    await rejects(clients.uploads.writeUpload(headless()), Code.InvalidArgument, "REQUEST_INVALID");
  });
}

/** A commit under a wrong digest changes nothing, and tells whether somebody is writing. */
async function untilHeld(clients: Clients, name: { repository: string; uploadId: string }) {
  const digest = digestOf(utf8("never pushed"));
  await eventually(() =>
    rejects(clients.uploads.commitUpload({ ...name, digest }), Code.Aborted, "BLOB_UPLOAD_INVALID"),
  );
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 0; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (count === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
