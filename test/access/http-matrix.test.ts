// Every route of the HTTP API, tried by every kind of caller. A route without a row
// fails.
import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { ROUTES } from "../../gateway/routes.ts";
import {
  CALLERS,
  type Demand,
  freshAddress,
  type GuardedServer,
  isLetIn,
  openGuardedServer,
  REPOSITORY,
} from "./callers.ts";

interface Row {
  readonly demand: Demand;
  /** The status for who is let in. */
  readonly status: number;
  readonly query?: string;
  readonly form?: string;
}

const ROWS: Readonly<Record<string, Row>> = {
  "GET /v2/": { demand: "credential", status: 200 },
  "GET /v2/{name}/blobs/{digest}": { demand: "pull", status: 404 },
  "DELETE /v2/{name}/blobs/{digest}": { demand: "delete", status: 404 },
  "POST /v2/{name}/blobs/uploads/": { demand: "push", status: 202 },
  "GET /v2/{name}/blobs/uploads/{upload_id}": { demand: "push", status: 404 },
  "PATCH /v2/{name}/blobs/uploads/{upload_id}": { demand: "push", status: 404 },
  "PUT /v2/{name}/blobs/uploads/{upload_id}": {
    demand: "push",
    status: 404,
    query: `?digest=sha256:${"0".repeat(64)}`,
  },
  "DELETE /v2/{name}/blobs/uploads/{upload_id}": { demand: "push", status: 404 },
  "GET /v2/{name}/manifests/{reference}": { demand: "pull", status: 404 },
  "PUT /v2/{name}/manifests/{reference}": { demand: "push", status: 400 },
  "DELETE /v2/{name}/manifests/{reference}": { demand: "delete", status: 404 },
  "GET /v2/{name}/referrers/{digest}": { demand: "pull", status: 200 },
  "GET /v2/{name}/tags/list": { demand: "pull", status: 404 },
  "GET /v2/_catalog": { demand: "catalog", status: 200 },
  "GET /auth/token": { demand: "open", status: 200 },
  "POST /auth/token": {
    demand: "open",
    status: 200,
    form: "grant_type=password&username=root&password=correct+horse",
  },
  "GET /auth/keys": { demand: "open", status: 200 },
};

let guarded: GuardedServer;

before(async () => {
  guarded = await openGuardedServer();
});

after(() => guarded[Symbol.asyncDispose]());

test("each route has a row, and each row a route", () => {
  assert.deepEqual(ROUTES.map(nameOf).sort(), Object.keys(ROWS).sort());
});

for (const route of ROUTES) {
  const methods = route.method === "GET" ? ["GET", "HEAD"] : [route.method];
  for (const method of methods) {
    test(`${method} ${route.path}`, async () => {
      const row = ROWS[nameOf(route)] ?? assert.fail("no row");
      const url = guarded.server.url + pathOf(route.path) + (row.query ?? "");
      for (const caller of CALLERS) {
        const authorization = guarded.authorization(caller, row.demand);
        // A bearer token buys no other one.
        const isRefused =
          nameOf(route) === "GET /auth/token" && authorization?.startsWith("Bearer ") === true;
        const letIn = isLetIn(row.demand, caller) && !isRefused;
        const answer = await send(url, { method, form: row.form, authorization });
        assert.equal(answer.status, letIn ? row.status : 401, `${caller}: ${answer.body}`);
        const { challenge } = answer;
        assert.equal(challenge !== "", !letIn, `${caller}: ${challenge}`);
        if (!letIn) assert.match(challenge, expectedChallenge(route.path, caller), caller);
      }
    });
  }
}

test("what the policy refuses is 403, and says what was asked for", async () => {
  const authorization = guarded.authorization("good token", "pull") ?? "";
  const answer = await fetch(`${guarded.server.url}/v2/hers/not/tags/list`, { headers: { authorization } });
  assert.equal(answer.status, 403);
  const { errors } = (await answer.json()) as { errors: { code: string; detail: unknown }[] };
  assert.deepEqual(errors[0]?.detail, { principal: "user:alice", scope: "repository:hers/not:pull" });
  assert.equal(errors[0]?.code, "DENIED");
});

test("a preflight and OPTIONS are never behind a login", async () => {
  for (const { path } of ROUTES) {
    const answer = await fetch(guarded.server.url + pathOf(path), { method: "OPTIONS" });
    assert.equal(answer.status, 204, path);
    assert.ok(answer.headers.get("allow"), path);
  }
});

interface Sent {
  readonly status: number | undefined;
  readonly challenge: string;
  readonly body: string;
}

/** From an address of its own: who gives wrong passwords from one has to wait longer each time. */
function send(
  url: string,
  options: {
    readonly method: string;
    readonly form: string | undefined;
    readonly authorization: string | undefined;
  },
): Promise<Sent> {
  const { method, form, authorization } = options;
  const headers = {
    ...(authorization !== undefined && { authorization }),
    ...(form !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, localAddress: freshAddress(), agent: false }, (answer) => {
      text(answer).then((body) => {
        const challenge = answer.headers["www-authenticate"] ?? "";
        resolve({ status: answer.statusCode, challenge, body });
      }, reject);
    });
    sent.on("error", reject).end(form);
  });
}

function nameOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}

function pathOf(path: string): string {
  return path
    .replace("{name}", REPOSITORY)
    .replace("{digest}", `sha256:${"0".repeat(64)}`)
    .replace(/\{\w+\}$/, path.includes("uploads") ? "01a1fe91-7e85-74b8-9eac-a4b555aab04d" : "latest");
}

function expectedChallenge(path: string, caller: string): RegExp {
  if (path.startsWith("/auth/token")) return /^Basic realm="/;
  const error = caller === "narrow token" ? "insufficient_scope" : "invalid_token";
  const hasToken = caller === "narrow token" || caller === "expired token";
  return new RegExp(
    `^Bearer realm="http://[^"]+/auth/token",service="stowage"${hasToken ? `.*,error="${error}"` : ""}`,
  );
}
