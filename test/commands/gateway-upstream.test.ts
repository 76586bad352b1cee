// A gateway and the registry behind it: whether they can talk, and what the log says.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { asUnreachable, Upstream } from "../../src/commands/gateway-upstream.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";
import { eventually } from "../support/eventually.ts";
import { serveFake } from "./fake-service.ts";

/** A registry that knows "Bearer gateway" until it does not any more, and no client. */
async function openPair() {
  const state = { time: 0, isKnown: true, asked: 0 };
  const fake = await serveFake(AuthService, {
    getIdentity(_, { requestHeader }) {
      state.asked += 1;
      const isGateway = requestHeader.get("authorization") === "Bearer gateway";
      if (isGateway && state.isKnown) return { principal: "robot:gateway" };
      throw toConnectError(new RegistryError("UNAUTHORIZED", {}, { message: "who is it?" }));
    },
  });
  const lines: string[] = [];
  const log = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const agent = new Agent({ keepAlive: true });
  const upstream = new Upstream({
    url: fake.url,
    agent,
    authorization: () => "Bearer gateway",
    hasCredentials: true,
    logger: { info: log, error: log },
    now: () => state.time,
  });
  return {
    state,
    lines,
    upstream,
    url: fake.url,
    /** A client's request without good credentials. */
    failCall: () =>
      assert.rejects(createClient(AuthService, upstream.transport).getIdentity({}), {
        code: Code.Unauthenticated,
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await fake[Symbol.asyncDispose]();
    },
  };
}

test("a gateway that the registry knows says so, and a client's wrong password is not its own", async () => {
  await using pair = await openPair();
  const { upstream, lines, state, url } = pair;
  await upstream.check();
  const known = `the registry knows this gateway ${JSON.stringify({ upstream: url, principal: "robot:gateway" })}`;
  assert.deepEqual(lines, [known]);
  for (let call = 0; call < 3; call += 1) await pair.failCall();
  assert.equal(state.asked, 4, "within a minute nobody looks again");
  state.time = 60_000;
  await pair.failCall();
  await eventually("another look", async () => (lines.length === 2 ? true : undefined));
  assert.equal(lines[1], known);
});

test("a gateway that the registry refuses says so once a minute", async () => {
  await using pair = await openPair();
  const { lines, state, url } = pair;
  state.isKnown = false;
  const refused = `the registry refuses this gateway's own credentials ${JSON.stringify({ upstream: url, reason: "who is it?" })}`;
  for (let call = 0; call < 3; call += 1) await pair.failCall();
  await eventually("a line", async () => (lines.length === 1 ? true : undefined));
  state.time = 60_000;
  for (let call = 0; call < 3; call += 1) await pair.failCall();
  await eventually("another line", async () => (lines.length === 2 ? true : undefined));
  assert.deepEqual(lines, [refused, refused]);
});

test("what TLS and the network say means that the registry cannot be reached", () => {
  for (const code of [
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "EPROTO",
  ]) {
    const cause = Object.assign(new Error("no"), { code });
    const error = asUnreachable(new ConnectError("no", Code.Internal, undefined, undefined, cause));
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.Unavailable, code);
  }
  const system = Object.assign(new Error("connect EHOSTUNREACH"), {
    code: "EHOSTUNREACH",
    syscall: "connect",
  });
  const error = asUnreachable(new ConnectError("no", Code.Internal, undefined, undefined, system));
  assert.equal(error instanceof ConnectError && error.code, Code.Unavailable);
});

test("what the registry or we ourselves did wrong stays what it is", () => {
  const mistake = Object.assign(new TypeError("bad header"), { code: "ERR_INVALID_CHAR" });
  for (const error of [
    new ConnectError("internal error", Code.Internal),
    new ConnectError("no", Code.NotFound),
    new ConnectError("bad header", Code.Internal, undefined, undefined, mistake),
    new Error("something"),
  ])
    assert.equal(asUnreachable(error), error);
});
