// Posting over TLS: to a server whose certificate is vouched for, and to others.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from "node:tls";
import { Poster, type PostResult } from "../../src/notify/post.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MESSAGE = { contentType: "application/json", body: "{}" };

interface Attempt {
  readonly tls: TlsOptions;
  readonly host: string;
  readonly answer: RequestListener;
}

async function resultOf({ tls, host, answer }: Attempt): Promise<PostResult> {
  const server = createServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://${host}:${(server.address() as AddressInfo).port}/hook`;
  const poster = new Poster({ url, headers: {}, timeoutMs: 10_000, userAgent: "stowage/test" });
  try {
    return await poster.post(MESSAGE, { headers: {} });
  } finally {
    await poster.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function assertFailed(result: PostResult, words: RegExp): void {
  assert.equal(result.kind, "failed", JSON.stringify(result));
  assert.match(result.kind === "failed" ? result.error : "", words);
}

const answerNothing: RequestListener = (_, response) => response.writeHead(204).end();

test("a server without a certificate is a failure in words", async () => {
  const result = await resultOf({ tls: {}, host: "127.0.0.1", answer: answerNothing });
  assertFailed(result, /^TLS: .*handshake failure$/);
});

suite("with a certificate for 127.0.0.1", { skip: lacking("openssl") }, () => {
  const known = getCACertificates("default");
  let tls: TlsOptions & { readonly cert: string };

  before(async () => {
    const directory = await makeTemporaryDirectory();
    try {
      const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
      const names = ["-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1"];
      const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      await run(["openssl", "req", "-x509", ...kind, ...names, "-keyout", key, "-out", cert]);
      tls = { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
    } finally {
      await removeTemporaryDirectory(directory);
    }
  });
  after(() => setDefaultCACertificates(known));

  test("that nobody vouches for, nothing is posted", async () => {
    setDefaultCACertificates(known);
    let requests = 0;
    const answer: RequestListener = () => requests++;
    assertFailed(await resultOf({ tls, host: "127.0.0.1", answer }), /^TLS: self-signed certificate/);
    assert.equal(requests, 0);
  });

  test("that is vouched for, the message is delivered", async () => {
    setDefaultCACertificates([tls.cert]);
    const result = await resultOf({ tls, host: "127.0.0.1", answer: answerNothing });
    assert.deepEqual(result, { kind: "answered", status: 204 });
  });

  test("another host name is refused, and the failure names it", async () => {
    setDefaultCACertificates([tls.cert]);
    const result = await resultOf({ tls, host: "localhost", answer: answerNothing });
    assertFailed(result, /^TLS: .*localhost/);
  });

  test("a redirect to plain HTTP is refused", async () => {
    setDefaultCACertificates([tls.cert]);
    const answer: RequestListener = (_, response) =>
      response.writeHead(307, { Location: "http://127.0.0.1:9/?secret" }).end();
    const result = await resultOf({ tls, host: "127.0.0.1", answer });
    assertFailed(result, /^a redirect from https to http, to 127\.0\.0\.1:9, is not followed$/);
  });
});
