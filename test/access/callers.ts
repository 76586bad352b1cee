// The six kinds of callers that every route and every RPC is tried with, and a whole
// registry that knows them.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { v7 } from "uuid";
import { hashPassword } from "../../src/auth/password-hash.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { createRegistry } from "../../src/registry.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { requestValues } from "../../src/rpc/visit.ts";
import { openWholeServer, type WholeServer } from "../server/whole-server.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { collectingLogger, testConfig } from "../support/test-registry.ts";

export const CALLERS = [
  "anonymous",
  "wrong password",
  "expired token",
  "narrow token",
  "good token",
  "admin",
] as const;

export type Caller = (typeof CALLERS)[number];

/** What a row of the matrix needs; the words of src/rpc/needs.ts. */
export type Demand =
  | "open"
  | "credential"
  | "principal"
  | "pull"
  | "push"
  | "delete"
  | "catalog"
  | "events"
  | "admin";

/** Who is let in, by demand. */
export function isLetIn(demand: Demand, caller: Caller): boolean {
  switch (caller) {
    case "anonymous":
      return demand === "open";
    case "wrong password":
    case "expired token":
      return false;
    case "narrow token":
      return demand === "open" || demand === "credential" || demand === "principal";
    case "good token":
    case "admin":
      return true;
  }
}

export const REPOSITORY = "a/b";

const PASSWORD = "correct horse";

const SCOPES: Readonly<Record<Demand, string>> = {
  open: "repository:other:pull",
  credential: "repository:other:pull",
  principal: "repository:other:pull",
  pull: `repository:${REPOSITORY}:pull`,
  push: `repository:${REPOSITORY}:pull,push`,
  delete: `repository:${REPOSITORY}:delete`,
  catalog: "registry:catalog:*",
  events: "registry:events:*",
  admin: "registry:admin:*",
};

export interface GuardedServer extends AsyncDisposable {
  readonly server: WholeServer;
  /** The Authorization header of a caller in a row that demands this. Undefined: none. */
  readonly authorization: (caller: Caller, demand: Demand) => string | undefined;
}

const POLICY = `[
  {repositories: "a/**", who: "user:alice", allow: [pull, push, delete]},
  {repositories: other, who: "user:alice", allow: pull},
  {who: "user:root", allow: admin}]`;

/** A registry whose callers are known, with more settings by the names of their environment variables. */
export async function openGuardedServer(more: Readonly<Record<string, string>> = {}): Promise<GuardedServer> {
  const directory = await makeTemporaryDirectory();
  const users = join(directory, "users.yml");
  const hash = await hashPassword(PASSWORD);
  await writeFile(users, `users: {alice: {password: "${hash}"}, root: {password: "${hash}"}}\n`);
  const settings = { REGISTRY_AUTH_USERS_PATH: users, REGISTRY_AUTH_POLICY: POLICY, ...more };
  const options = { folder: join(directory, "data"), settings };
  const expired = await tokenOfThePast(options);
  const server = await openWholeServer(options);
  const tokens = new Map<Demand, string>();
  for (const [demand, scope] of Object.entries(SCOPES))
    tokens.set(demand as Demand, await fetchToken(server, scope, demand === "admin" ? "root" : "alice"));
  const narrow = {
    alice: await fetchToken(server, "repository:other:pull", "alice"),
    root: await fetchToken(server, "repository:other:pull", "root"),
  };
  return {
    server,
    authorization(caller, demand) {
      switch (caller) {
        case "anonymous":
          return undefined;
        case "wrong password":
          return basic("root", "wrong");
        case "expired token":
          return `Bearer ${expired}`;
        case "narrow token":
          return `Bearer ${demand === "admin" ? narrow.root : narrow.alice}`;
        case "good token":
          return `Bearer ${tokens.get(demand)}`;
        case "admin":
          return basic("root", PASSWORD);
      }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await removeTemporaryDirectory(directory);
    },
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function fetchToken({ url }: WholeServer, scope: string, user: string): Promise<string> {
  const query = new URLSearchParams({ service: "stowage", scope });
  const answer = await fetch(`${url}/auth/token?${query}`, {
    headers: { authorization: basic(user, PASSWORD) },
  });
  const { token, scope: granted } = (await answer.json()) as { token: string; scope: string };
  assert.equal(granted, scope);
  return token;
}

/** Signed by this registry, an hour ago. */
async function tokenOfThePast(options: Parameters<typeof testConfig>[0]): Promise<string> {
  const registry = await createRegistry(testConfig(options), {
    logger: collectingLogger([]),
    now: () => Date.now() - 3_600_000,
    newId: v7,
    source: { address: "test:5000", instanceId: v7() },
    version: "test",
  });
  try {
    const client = createClient(AuthService, createDirectTransport(registry.routes));
    const contextValues = requestValues({ id: "1", authorization: basic("root", PASSWORD) });
    const request = { scopes: Object.values(SCOPES).concat("repository:a/b:pull,push,delete") };
    return (await client.issueToken(request, { contextValues })).token;
  } finally {
    await registry.close();
  }
}

let addresses = 0;

/** An address of this machine that nobody came from before. */
export function freshAddress(): string {
  addresses += 1;
  return `127.1.${addresses >> 8}.${addresses & 255}`;
}
