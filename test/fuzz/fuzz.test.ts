// Input that nobody means well: the registry answers it in its own words or hangs up, and is well afterwards.
// STOWAGE_FUZZ_SEED repeats the choices of a run, STOWAGE_FUZZ_ROUNDS sets how many requests each test makes.
import { type TestContext, test } from "node:test";
import { MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { errorCodes } from "../support/oci-errors.ts";
import { Random } from "../support/random.ts";
import { parseAnswers } from "./http-answers.ts";
import { fuzzHttpRequest } from "./http-requests.ts";
import { Http2Client } from "./http2-client.ts";
import { fuzzManifest } from "./manifests.ts";
import { exchange } from "./raw-exchange.ts";
import { type FuzzedCall, fuzzCall } from "./rpc-requests.ts";
import { repeat, withRegistry } from "./setting.ts";

const ROUNDS = Number(process.env.STOWAGE_FUZZ_ROUNDS ?? 1500);

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** What an RPC may say to bad input: gRPC's codes for "our own mistake" are not among them. */
const MISTAKES = ["2", "15"]; // unknown, data loss

test("odd requests to the Docker API get an answer in OCI's form, and never a 5xx", async (t) => {
  await withRegistry(seeded(t), async ({ registry, random, known }) => {
    await repeat(ROUNDS * 2, async () => {
      const { method, bytes, path } = fuzzHttpRequest(random, known);
      const received = await exchange(registry.host, { bytes });
      explained(bytes, () => {
        for (const answer of parseAnswers(received, method)) {
          expectNoMistake(answer.status);
          const isDockerApi = path.startsWith("/v2");
          if (answer.status >= 400 && method !== "HEAD" && isDockerApi) errorCodes(answer.body);
        }
      });
    });
  });
});

test("odd requests over HTTP/2 get an answer or a reset, and never a 5xx", async (t) => {
  await withRegistry(seeded(t), async ({ registry, random, known }) => {
    const client = new Http2Client(registry.url);
    await repeat(ROUNDS, async () => {
      const { path } = fuzzHttpRequest(random, known);
      const method = random.pick(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "X"]);
      const body = random.chance(0.5) ? random.bytes(10) : Buffer.alloc(0);
      if (!/^[\x21-\x7e]+$/.test(path)) return; // Node's client would not send it
      const answer = await client.request({ method, path, headers: {}, body, endless: false });
      explained(`${method} ${path}`, () => {
        expectNoMistake(answer.status ?? 200);
        if ((answer.status ?? 200) >= 400 && method !== "HEAD") errorCodes(answer.body);
      });
    });
    client.close();
  });
});

test("odd manifests are stored in their exact bytes or refused", async (t) => {
  await withRegistry(seeded(t), async ({ http, random, known, manifest }) => {
    await repeat(ROUNDS, async () => {
      const body = fuzzManifest(random, manifest);
      const reference = `odd-${random.integer(1, 1_000_000_000)}`;
      const path = `/v2/${known.repository}/manifests/${reference}`;
      const headers = { "content-type": random.chance(0.9) ? MANIFEST_TYPE : "application/x" };
      const answer = await http.call({ method: "PUT", path, headers, body });
      const stored = await http.call({ method: "GET", path });
      explained(body, () => {
        expectNoMistake(answer.status);
        if (answer.status >= 400) errorCodes(answer.body);
        if ((answer.status === 201) !== (stored.status === 200))
          throw new Error(`${answer.status}, then ${stored.status}`);
        if (answer.status === 201 && !stored.body.equals(body)) throw new Error("other bytes came back");
      });
    });
  });
});

test("odd calls of RPCs over HTTP/1.1 get an answer, and never one for a mistake of ours", async (t) => {
  await withRegistry(seeded(t), async ({ registry, random }) => {
    await repeat(ROUNDS, async () => {
      const call = fuzzCall(random);
      const bytes = http1Bytes(random, call);
      const received = await exchange(registry.host, { bytes, endless: call.endless });
      explained(bytes, () => {
        for (const { status } of parseAnswers(received, call.method)) expectNoMistake(status);
      });
    });
  });
});

test("odd calls of RPCs over HTTP/2 get an answer or a reset, and never one for a mistake of ours", async (t) => {
  await withRegistry(seeded(t), async ({ registry, random }) => {
    const client = new Http2Client(registry.url);
    await repeat(ROUNDS, async () => {
      const call = fuzzCall(random);
      const { status, trailers } = await client.request(call);
      explained(JSON.stringify(call), () => {
        expectNoMistake(status ?? 200);
        if (MISTAKES.includes(String(trailers["grpc-status"]))) throw new Error(JSON.stringify(trailers));
      });
    });
    client.close();
  });
});

test("garbage on a connection ends the connection, and nothing else", async (t) => {
  await withRegistry(seeded(t), async ({ registry, random }) => {
    await repeat(ROUNDS / 5, async () => {
      const garbage = random.bytes(random.integer(1, 2000));
      const bytes = random.chance(0.3)
        ? garbage
        : Buffer.concat([PREFACE, random.chance(0.3) ? garbage : frames(random)]);
      await exchange(registry.host, { bytes });
    });
  });
});

function seeded(t: TestContext): Random {
  const random = Random.fromEnvironment("STOWAGE_FUZZ_SEED");
  t.diagnostic(`STOWAGE_FUZZ_SEED=${random.seed}`);
  return random;
}

/** 501 says that an RPC, or a way to compress, is not there; everything else above 500 would be our mistake. */
function expectNoMistake(status: number): void {
  if (status >= 500 && status !== 501) throw new Error(`answered ${status}`);
}

/** Adds to a failure what was sent. */
function explained(sent: Uint8Array | string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    const shown = typeof sent === "string" ? sent : Buffer.from(sent).toString("latin1");
    throw new Error(`sent ${JSON.stringify(shown.slice(0, 600))}`, { cause });
  }
}

function http1Bytes(random: Random, { method, path, headers, body }: FuzzedCall): Buffer {
  const length = random.chance(0.9) ? body.length : random.pick([0, body.length + 1, body.length * 2]);
  const all = { host: "registry.test", connection: "close", "content-length": String(length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), body]);
}

/** HTTP/2 frames with right and wrong types, lengths, and streams. RFC 9113, 4.1. */
function frames(random: Random): Buffer {
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const some = Array.from({ length: random.integer(1, 10) }, () => {
    const payload = random.bytes(random.integer(0, 100));
    const head = Buffer.alloc(9);
    head.writeUIntBE(random.chance(0.8) ? payload.length : random.integer(0, 0xffffff), 0, 3);
    head[3] = random.integer(0, 12);
    head[4] = random.pick([0, 1, 4, 5, 8, 0x20, 0xff]);
    head.writeUInt32BE(random.pick([0, 1, 2, 3, 5, 0x7fffffff, 0xffffffff]), 5);
    return Buffer.concat([head, payload]);
  });
  return Buffer.concat([random.chance(0.8) ? settings : Buffer.alloc(0), ...some]);
}
