// Bodies in both directions: slow clients, clients that leave, and answers that
// come before the request is whole.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { GATEWAY_MODES, type GatewayServer, openGatewayServer } from "./gateway-server.ts";
import { hasAnswers, RawConnection } from "./raw-connection.ts";

/** Of the gateway whose patience is tried. */
const TIMEOUT_MS = 1500;
const MIB = 1024 * 1024;

for (const mode of GATEWAY_MODES) {
  describe(`bodies, ${mode}`, { concurrency: true }, () => {
    let server: GatewayServer;
    let caller: HttpCaller;
    let impatientPort: number;

    before(async () => {
      server = await openGatewayServer({ mode });
      impatientPort = await server.openPort({ progressTimeoutMs: TIMEOUT_MS });
      caller = new HttpCaller(server.host);
    });

    after(async () => {
      caller.close();
      await server.close();
      assert.deepEqual(server.logged, [], "nothing of this is the registry's fault");
    });

    async function newUpload(): Promise<string> {
      const answer = await caller.expect([202], { method: "POST", path: "/v2/a/blobs/uploads/" });
      return answer.headers.location ?? "";
    }

    /** How many bytes the session holds. */
    async function offsetOf(upload: string): Promise<number> {
      const { headers } = await caller.expect([204], { method: "GET", path: upload });
      return Number(headers.range?.slice("0-".length)) + 1;
    }

    /** True while somebody writes to it. Asks by closing it with a digest that is wrong in any case. */
    async function isBusy(upload: string): Promise<boolean> {
      const path = `${upload}?digest=sha256:${"0".repeat(64)}`;
      const { body } = await caller.expect([400], { method: "PUT", path });
      return body.includes("BLOB_UPLOAD_INVALID");
    }

    async function push(content: Uint8Array): Promise<string> {
      const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
      const path = `/v2/a/blobs/uploads/?digest=${digest}`;
      await caller.expect([201], { method: "POST", path, body: content });
      return digest;
    }

    test("a large blob goes up in pieces and comes down whole", async () => {
      const content = randomBytes(9 * MIB);
      const upload = await newUpload();
      async function* pieces() {
        for (let sent = 0; sent < content.length; sent += 300_000)
          yield content.subarray(sent, sent + 300_000);
      }
      await caller.expect([202], { method: "PATCH", path: upload, body: pieces() });
      const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
      await caller.expect([201], { method: "PUT", path: `${upload}?digest=${digest}` });
      const { body } = await caller.expect([200], { method: "GET", path: `/v2/a/blobs/${digest}` });
      assert.ok(body.equals(content));
    });

    test("a push in one request whose client leaves leaves no session behind", async () => {
      const folder = await makeTemporaryDirectory(); // On a disk the last bytes take a while.
      const { port, openUploads, close } = await openGatewayServer({ mode, folder });
      const connection = await RawConnection.open(port);
      const path = `/v2/left/blobs/uploads/?digest=sha256:${"0".repeat(64)}`;
      connection.head(`POST ${path}`, { "Content-Length": MIB });
      connection.send("x".repeat(500_000));
      const holds = (count: number) => async () => ((await openUploads("left")) === count ? true : undefined);
      await eventually("a session", holds(1));
      connection.destroy();
      await eventually("its end", holds(0));
      await close();
      await removeTemporaryDirectory(folder);
    });

    test("a part across many chunks is exact", async () => {
      const content = randomBytes(3 * MIB);
      const digest = await push(content);
      const headers = { range: `bytes=${MIB - 7}-${2 * MIB + 5}` };
      const { body } = await caller.expect([206], { method: "GET", path: `/v2/a/blobs/${digest}`, headers });
      assert.ok(body.equals(content.subarray(MIB - 7, 2 * MIB + 6)));
    });

    test("a client that sends nothing for too long is told so, and the session keeps what came", async () => {
      const upload = await newUpload();
      const connection = await RawConnection.open(impatientPort);
      connection.head(`PATCH ${upload}`, { "Content-Length": 100 });
      connection.send("x".repeat(50));
      await connection.until((text) => hasAnswers(text, 1));
      assert.match(connection.received, /^HTTP\/1\.1 408 /);
      assert.match(connection.received, /\r\nConnection: close\r\n/);
      assert.match(connection.received, /"code":"REQUEST_TIMEOUT"/);
      connection.destroy();
      if (mode === "direct") assert.equal(await offsetOf(upload), 50);
      const rest = "y".repeat(100 - (await offsetOf(upload)));
      await caller.expect([202], { method: "PATCH", path: upload, body: Buffer.from(rest) });
      assert.equal(await offsetOf(upload), 100);
    });

    test("a client that sends slowly is not cut off", async () => {
      const upload = await newUpload();
      const piece = new Uint8Array(10);
      async function* slowly() {
        for (let sent = 0; sent < 5; sent += 1) {
          yield piece;
          await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS * 0.3));
        }
      }
      const impatient = new HttpCaller(`127.0.0.1:${impatientPort}`);
      await impatient.expect([202], { method: "PATCH", path: upload, body: slowly() });
      impatient.close();
      assert.equal(await offsetOf(upload), 50);
    });

    test("a client that leaves in the middle frees its session", async () => {
      const upload = await newUpload();
      const connection = await RawConnection.open(server.port);
      connection.head(`PATCH ${upload}`, { "Content-Length": MIB });
      connection.send(new Uint8Array(300_000));
      await waitFor(() => isBusy(upload));
      connection.destroy();
      await waitFor(async () => !(await isBusy(upload)));
      assert.ok((await offsetOf(upload)) <= 300_000);
    });

    test("a manifest that stops coming is given up", async () => {
      const connection = await RawConnection.open(impatientPort);
      connection.head("PUT /v2/a/manifests/latest", { "Content-Length": 100 });
      connection.send("{");
      await connection.until((text) => hasAnswers(text, 1));
      assert.match(connection.received, /^HTTP\/1\.1 408 /);
      connection.destroy();
    });

    test("an answer before a small body leaves the connection usable", async () => {
      const connection = await RawConnection.open(server.port);
      const body = "x".repeat(1000);
      connection.head("PATCH /v2/a/blobs/uploads/unknown", { "Content-Length": body.length });
      connection.send(body);
      connection.head("PUT /v2/A/manifests/latest", { "Content-Length": body.length });
      connection.send(body);
      connection.head("GET /v2/");
      await connection.until((text) => hasAnswers(text, 3));
      const statuses = [...connection.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
      assert.deepEqual(statuses, ["404", "400", "200"]);
      connection.destroy();
    });

    test("a client that sends a large body all the same gets to read the answer", async () => {
      const connection = await RawConnection.open(server.port);
      const size = 64 * MIB;
      connection.head("PATCH /v2/a/blobs/uploads/unknown", { "Content-Length": size });
      const piece = new Uint8Array(MIB);
      for (let sent = 0; sent < size; sent += piece.length) {
        if (!connection.socket.write(piece))
          await new Promise((resolve) => connection.socket.once("drain", resolve));
      }
      await connection.closed();
      assert.equal(connection.error, undefined);
      assert.match(
        connection.received,
        /^HTTP\/1\.1 404 [\s\S]*Connection: close[\s\S]*"code":"BLOB_UPLOAD_UNKNOWN"/,
      );
    });

    test("a manifest that is announced as too large is refused before it is sent", async () => {
      const connection = await RawConnection.open(server.port);
      connection.head("PUT /v2/a/manifests/latest", { "Content-Length": 1024 * MIB });
      await connection.until((text) => hasAnswers(text, 1));
      assert.match(connection.received, /^HTTP\/1\.1 413 /);
      connection.destroy();
    });

    test("a client that reads nothing is cut off", async () => {
      const digest = await push(randomBytes(48 * MIB));
      const connection = await RawConnection.open(impatientPort);
      connection.socket.pause();
      connection.head(`GET /v2/a/blobs/${digest}`);
      // What left slowly into the kernel's buffers counts as progress first, so twice the time may pass.
      await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS * 4));
      connection.socket.resume();
      await connection.closed();
      assert.match(connection.received, /^HTTP\/1\.1 200 /);
      assert.ok(connection.received.length < 48 * MIB);
    });

    test("a client may leave while it reads", async () => {
      const digest = await push(randomBytes(16 * MIB));
      const connection = await RawConnection.open(server.port);
      connection.head(`GET /v2/a/blobs/${digest}`);
      await connection.until((text) => text.length > 1000);
      connection.destroy();
      await caller.expect([200], { method: "GET", path: `/v2/a/blobs/${digest}` });
    });
  });
}

/** Asks until it is so; the test's own time limit ends what never comes. */
async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
