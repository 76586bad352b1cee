// Listening on a path: what may lie there before, who may connect, and what is left.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, suite, test } from "node:test";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { FACTS, RawConnection, runServer } from "./running-server.ts";

const REQUEST = `GET ${FACTS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`;

suite("a Unix socket", () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    path = join(directory, "socket");
  });
  afterEach(() => removeTemporaryDirectory(directory));

  async function factsOver(headers = "") {
    const raw = new RawConnection({ path });
    await raw.send(`${REQUEST}${headers}\r\n`);
    return JSON.parse((await raw.rest()).split("\r\n\r\n")[1] ?? "");
  }

  test("is spoken to by both protocols; who comes has no address, and is not believed", async () => {
    await using running = await runServer(
      { maxConnectionsPerAddress: 1 },
      { trustedProxies: ["127.0.0.1"] },
      { path },
    );
    assert.equal(running.server.path, path);
    assert.throws(() => running.server.address, /does not listen on TCP/);
    const facts = await factsOver("X-Forwarded-For: 192.0.2.7\r\nForwarded: for=192.0.2.7\r\n");
    assert.deepEqual(facts, { host: "a", scheme: "http", baseUrl: "http://a" });
    const session = connectHttp2("http://a", { createConnection: () => connect({ path }) });
    assert.equal(JSON.parse(await text(session.request({ ":path": FACTS }))).address, undefined);
    session.close();
  });

  test('"unix" among the trusted proxies believes who comes', async () => {
    await using _ = await runServer({}, { trustedProxies: ["unix"] }, { path });
    assert.equal((await factsOver("X-Forwarded-For: 192.0.2.7\r\n")).ip, "192.0.2.7");
  });

  test("is open to the owner and the group, and gone when the server has closed", async () => {
    const running = await runServer({}, {}, { path });
    assert.equal((await stat(path)).mode & 0o777, 0o660);
    await running.server.close({ drainMs: 0 });
    assert.equal(existsSync(path), false);
  });

  test("replaces what a process that is gone has left", async () => {
    const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", program], { stdio: "ignore" }), "exit");
    assert.ok(existsSync(path));
    await using _ = await runServer({}, {}, { path });
    assert.equal((await factsOver()).host, "a");
  });

  test("leaves what another program answers on", async () => {
    const other = createServer((socket) => socket.on("error", () => undefined).end("other")).listen(path);
    await once(other, "listening");
    await assert.rejects(runServer({}, {}, { path }), /another program listens there already/);
    assert.equal(await text(connect({ path })), "other");
    other.close();
  });

  test("leaves a file that is no socket", async () => {
    await writeFile(path, "text");
    await assert.rejects(runServer({}, {}, { path }), /something else is there already, and it is no socket/);
  });

  test("has a path of limited length", async () => {
    const long = join(directory, "x".repeat(120));
    await assert.rejects(runServer({}, {}, { path: long }), /paths of Unix sockets have at most 107/);
  });
});
