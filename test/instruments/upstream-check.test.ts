// Whether the registry behind a gateway is ready, as registries and others answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../src/gen/grpc/health/v1/health_pb.ts";
import { upstreamCheck } from "../../src/instruments/upstream-check.ts";
import { serveFake } from "../commands/fake-service.ts";
import { freePort } from "../support/local-registry.ts";

const { signal } = new AbortController();

const checkOf = (baseUrl: string) => upstreamCheck(createConnectTransport({ baseUrl, httpVersion: "1.1" }));

test("a registry that is ready is well, one that is not is not, and nothing is told of us", async () => {
  let status: ServingStatus = ServingStatus.SERVING;
  const seen: Headers[] = [];
  await using fake = await serveFake(Health, {
    check(_, { requestHeader }) {
      seen.push(requestHeader);
      return { status };
    },
  });
  const { name, check } = checkOf(fake.url);
  assert.equal(name, "upstream");
  await check(signal);
  assert.equal(seen[0]?.has("authorization"), false);
  status = ServingStatus.NOT_SERVING;
  await assert.rejects(check(signal), /the registry answers that it is not ready/);
});

test("who is there and does not tell is taken for ready", async () => {
  for (const code of [Code.Unimplemented, Code.Unauthenticated, Code.PermissionDenied]) {
    await using fake = await serveFake(Health, {
      check() {
        throw new ConnectError("no", code);
      },
    });
    await checkOf(fake.url).check(signal);
  }
});

test("nobody there, an intermediary that finds nobody, and silence are all no", async () => {
  const { check } = checkOf(`http://127.0.0.1:${await freePort()}`);
  await assert.rejects(check(signal), /the registry does not answer: .*ECONNREFUSED/);
  await using away = await serveFake(Health, {
    check() {
      throw new ConnectError("no healthy upstream", Code.Unavailable);
    },
  });
  await assert.rejects(checkOf(away.url).check(signal), /does not answer: no healthy upstream/);
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  await using silent = await serveFake(Health, {
    check: (_, context) =>
      new Promise((resolve) => {
        context.signal.addEventListener("abort", () => resolve({ status: ServingStatus.SERVING }));
        asked();
      }),
  });
  const patience = new AbortController();
  const answer = checkOf(silent.url).check(patience.signal);
  await isAsked;
  patience.abort();
  await assert.rejects(answer, /the registry does not answer/);
});
