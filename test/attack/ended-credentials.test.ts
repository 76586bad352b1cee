// A stream lives for days. It ends when what it was opened with does, and it stops
// telling of a repository in the moment in which the policy hides that.
import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { stringify } from "yaml";
import type { PolicyRule } from "../../src/config/access.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { EventService, type SubscribeResponse } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ACCOUNTS, basic, bearer, by, type Fortress, fetchToken, openFortress, push } from "./fortress.ts";

suite("a stream ends", { concurrency: true }, () => {
  let fortress: Fortress;
  let connect: Transport;

  before(async () => {
    fortress = await openFortress({ keepaliveMs: 50 });
    connect = createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
  });

  after(() => fortress[Symbol.asyncDispose]());

  async function makeToken(expireTime?: number) {
    const request = {
      description: "follows",
      ...(expireTime !== undefined && { expireTime: timestampFromMs(expireTime) }),
    };
    const made = await createClient(AuthService, connect).createAccessToken(request, by(basic("alice")));
    return { token: made.token, id: made.accessToken?.accessTokenId ?? "" };
  }

  /** Opens the stream, does it when the stream has begun, and resolves to what the stream ended with. */
  async function endOf(
    authorization: string,
    onReady: () => Promise<unknown>,
    transport = connect,
  ): Promise<ConnectError> {
    const stream = createClient(EventService, transport).subscribe({}, by(authorization));
    try {
      for await (const { message } of stream) if (message.case === "ready") await onReady();
    } catch (error) {
      return ConnectError.from(error);
    }
    throw new Error("the stream ended as if there were an end");
  }

  function assertEnded({ code, rawMessage }: ConnectError): void {
    assert.equal(code, Code.Unauthenticated);
    assert.equal(
      rawMessage,
      "what you were let in by does not hold any more; come again with the last cursor",
    );
  }

  const revoke = (accessTokenId: string) =>
    createClient(AuthService, connect).revokeAccessToken({ accessTokenId }, by(basic("alice")));

  test("with the access token that is revoked", async () => {
    const { token, id } = await makeToken();
    assertEnded(await endOf(bearer(token), () => revoke(id)));
  });

  test("with the access token that is revoked, by gRPC", async () => {
    const { token, id } = await makeToken();
    const grpc = createGrpcTransport({ baseUrl: fortress.url });
    assertEnded(await endOf(bearer(token), () => revoke(id), grpc));
  });

  test("with the access token that was shown as a password", async () => {
    const { token, id } = await makeToken();
    assertEnded(await endOf(basic("any", token), () => revoke(id)));
  });

  test("with the access token that a bearer token was had for", async () => {
    const { token, id } = await makeToken();
    const derived = await fetchToken(fortress.host, "registry:events:*", bearer(token));
    assertEnded(await endOf(bearer(derived), () => revoke(id)));
  });

  test("when its access token expires", async () => {
    const { token } = await makeToken(Date.now() + 2000);
    assertEnded(await endOf(bearer(token), async () => undefined));
  });

  test("when the file says something else of its user", async () => {
    const made = await openFortress({ keepaliveMs: 50 });
    const { users, robots } = ACCOUNTS;
    const demoted = { ...users, alice: { ...users.alice, groups: [] } };
    const stream = createClient(
      EventService,
      createConnectTransport({ baseUrl: made.url, httpVersion: "1.1" }),
    ).subscribe({}, by(basic("alice")));
    try {
      let outcome: unknown;
      try {
        for await (const { message } of stream)
          if (message.case === "ready")
            await writeFile(made.usersPath, stringify({ users: demoted, robots }));
      } catch (error) {
        outcome = error;
      }
      assertEnded(ConnectError.from(outcome));
    } finally {
      await made[Symbol.asyncDispose]();
    }
  });

  test("when its user is taken from the file, and not when another is", async () => {
    const { users, robots } = ACCOUNTS;
    const without = async (name: keyof typeof users) => {
      const { [name]: _gone, ...rest } = users;
      await writeFile(`${fortress.usersPath}.new`, stringify({ users: rest, robots }));
      await rename(`${fortress.usersPath}.new`, fortress.usersPath);
    };
    const rootLeft = new AbortController();
    const root = createClient(EventService, connect).subscribe(
      {},
      { ...by(basic("root")), signal: rootLeft.signal },
    );
    const messages = root[Symbol.asyncIterator]();
    assert.equal((await messages.next()).value?.message.case, "ready");
    assertEnded(await endOf(basic("bob"), () => without("bob")));
    assert.equal((await messages.next()).value?.message.case, "keepalive");
    rootLeft.abort();
  });
});

test("a repository that the policy hides is out of a running stream at once", async () => {
  await using fortress = await openFortress({ keepaliveMs: 50 });
  const connect = createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
  const left = new AbortController();
  const options = { ...by(basic("alice")), signal: left.signal };
  const stream = createClient(EventService, connect).subscribe({}, options)[Symbol.asyncIterator]();
  assert.equal((await stream.next()).value?.message.case, "ready");

  await push(fortress.host, { repository: "acme/app", tag: "v1", text: "seen" });
  assert.deepEqual(await repositoriesUntil(stream, "acme/app"), new Set(["acme/app"]));

  const rules: readonly PolicyRule[] = [
    { repositories: ["public/**"], who: ["anyone"], effect: "allow", actions: ["pull"] },
    { repositories: ["**"], who: ["user:root"], effect: "allow", actions: ["admin"] },
  ];
  fortress.server.registry.setPolicy(rules);
  await push(fortress.host, { repository: "acme/app", tag: "v2", text: "hidden" });
  await push(fortress.host, { repository: "public/x", tag: "v1", text: "marker" });
  assert.deepEqual(await repositoriesUntil(stream, "public/x"), new Set(["public/x"]));
  left.abort();
});

/** The repositories of the events up to the tag of this one, which is the last of a push. */
async function repositoriesUntil(
  stream: AsyncIterator<SubscribeResponse>,
  last: string,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (;;) {
    const { value, done } = await stream.next();
    if (done === true) throw new Error("the stream ended");
    const { message } = value;
    if (message.case !== "event") continue;
    const { repository, kind } = message.value;
    found.add(repository);
    if (repository === last && kind.case === "tagCreated") return found;
  }
}
