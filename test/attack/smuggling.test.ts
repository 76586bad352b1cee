// Request smuggling: bytes that a proxy in front could take for one request and a
// careless server for two. Each is refused whole, and nothing after it is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRawError, RawConnection, runServer } from "../server/running-server.ts";

/** What an attacker would like to be read as a request of its own. */
const HIDDEN = "GET /v2/hidden HTTP/1.1\r\nHost: b\r\n\r\n";

/** Below "PUT /v2/ HTTP/1.1" and a Host header; "\r\n" for each line's end, the empty line included. */
const HEADS: Readonly<Record<string, string>> = {
  "a length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "chunks and a length": "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
  "the same length twice": "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
  "two lengths": "Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc",
  "a list of lengths": "Content-Length: 3, 3\r\n\r\nabc",
  "a length with a plus": "Content-Length: +3\r\n\r\nabc",
  "a negative length": "Content-Length: -3\r\n\r\nabc",
  "a hexadecimal length": "Content-Length: 0x3\r\n\r\nabc",
  "an empty length": "Content-Length: \r\n\r\n",
  "a length with a space in it": "Content-Length: 3 4\r\n\r\nabc",
  "a length beyond all bounds": "Content-Length: 99999999999999999999999\r\n\r\nabc",
  "a space behind a length's name": "Content-Length : 3\r\n\r\nabc",
  "a space behind a coding's name": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  "a name with a space": "X Content-Length: 3\r\n\r\nabc",
  "a coding that is nearly chunked": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "a coding behind a control character": "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
  "a coding behind chunked": "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
  "a coding before chunked": "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "chunked twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a coding without chunked": "Transfer-Encoding: identity\r\n\r\n",
  "a folded header": "X: a\r\n b\r\n\r\n",
  "a folded coding": "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
  "a bare line feed after a header": "X: a\nContent-Length: 0\r\n\r\n",
  "a bare line feed at the end of the head": "\n",
  "a bare carriage return in a header": "X: a\rContent-Length: 100\r\n\r\n",
  "NUL in a header": "X: a\u0000b\r\n\r\n",
  "another host": "Host: b\r\n\r\n",
  "a bare line feed in chunks": "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
  "a bare line feed behind a chunk's extension": "Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n",
  "a bare line feed behind a chunk": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
  "a hexadecimal prefix of a chunk": "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
  "a negative chunk": "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
  "a space behind a chunk's size": "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
  "a chunk whose size overflows": "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n",
  "a chunk that is longer than it says": "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
  "a length in the trailer": "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\n\r\n",
};

const LINES: Readonly<Record<string, string>> = {
  "a folded first header": "PUT /v2/ HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n",
  "bare line feeds everywhere": "PUT /v2/ HTTP/1.1\nHost: a\n\n",
  "HTTP/1.0 with chunks":
    "PUT /v2/ HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "words behind the version": "PUT /v2/ HTTP/1.1 x\r\nHost: a\r\n\r\n",
  "a version that is none": "PUT /v2/ HTTP/2.0\r\nHost: a\r\n\r\n",
  "no version": "GET /v2/\r\n",
  "a space in the target": "PUT /v2/ x HTTP/1.1\r\nHost: a\r\n\r\n",
  "a space before the method": " PUT /v2/ HTTP/1.1\r\nHost: a\r\n\r\n",
  "a tab behind the method": "PUT\t/v2/ HTTP/1.1\r\nHost: a\r\n\r\n",
};

const SHAPES = {
  ...Object.fromEntries(
    Object.entries(HEADS).map(([name, head]) => [name, `PUT /v2/ HTTP/1.1\r\nHost: a\r\n${head}`]),
  ),
  ...LINES,
};

for (const [name, bytes] of Object.entries(SHAPES)) {
  test(`${name}: refused with 400, and the connection is closed`, async () => {
    await using running = await runServer();
    const raw = new RawConnection(running.port);
    await raw.send(Buffer.from(bytes + HIDDEN, "latin1"));
    const answers = await raw.rest();
    assertRawError(answers, 400, "REQUEST_INVALID");
    assert.equal(answers.match(/HTTP\/1\.1 \d/g)?.length, 1, answers);
  });
}

test("a body without a length is no body, and what it would be is refused", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  await raw.send(`PUT /v2/ HTTP/1.1\r\nHost: a\r\n\r\nabc${HIDDEN}`);
  const answers = await raw.rest();
  assert.doesNotMatch(answers, /HTTP\/1\.1 200.*HTTP\/1\.1 200/s);
  assert.match(answers, /HTTP\/1\.1 400 /);
});

test("what looks like a request in a body is the body's, whatever the extensions of its chunks", async () => {
  await using running = await runServer();
  const raw = new RawConnection(running.port);
  const chunk = `${HIDDEN.length.toString(16)};name="va;lue"\r\n${HIDDEN}\r\n0\r\n\r\n`;
  await raw.send(
    `PUT /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  );
  const answers = await raw.rest();
  assert.match(answers, new RegExp(`"length":${HIDDEN.length},`));
  assert.equal(answers.match(/HTTP\/1\.1 \d/g)?.length, 1);
});
