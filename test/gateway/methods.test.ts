// Every path with every method: what the table has is answered, what it lacks is
// 405 with Allow, and everything is OCI's JSON.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ROUTES } from "../../gateway/routes.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { type GatewayServer, openGatewayServer } from "./gateway-server.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "QUERY", "TRACE"];

let server: GatewayServer;
let caller: HttpCaller;

before(async () => {
  server = await openGatewayServer({ mode: "direct" });
  caller = new HttpCaller(server.host);
});

after(async () => {
  caller.close();
  await server.close();
});

/** A path of the template. What it names is not there, but could be. */
function pathOf(template: string): string {
  return template
    .replace("{name}", "some/name")
    .replace("{digest}", `sha256:${"0".repeat(64)}`)
    .replace("{reference}", "latest")
    .replace("{upload_id}", "01890a5d-ac96-774b-bcce-b302099a8057");
}

function allowedAt(template: string): string[] {
  const methods = ROUTES.filter((route) => route.path === template).map((route) => route.method);
  return [...methods, "OPTIONS", ...(methods.includes("GET") ? ["HEAD"] : [])].sort();
}

for (const template of new Set(ROUTES.map((route) => route.path))) {
  const allowed = allowedAt(template);
  for (const method of METHODS.filter((name) => !allowed.includes(name))) {
    test(`${method} ${template} is 405`, async () => {
      const { status, headers, body } = await caller.call({ method, path: pathOf(template) });
      assert.equal(status, 405);
      assert.equal(headers.allow, allowed.join(", "));
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers["docker-distribution-api-version"], "registry/2.0");
      if (method !== "HEAD") assert.equal(JSON.parse(body.toString()).errors[0].code, "UNSUPPORTED");
    });
  }
  for (const method of allowed) {
    test(`${method} ${template} is not 405, nor 500`, async () => {
      const { status, headers, body } = await caller.call({ method, path: pathOf(template) });
      assert.ok(status !== 405 && status < 500, `${status} ${body}`);
      assert.equal(headers["docker-distribution-api-version"], "registry/2.0");
      if (status >= 400) assert.equal(headers["content-type"], "application/json");
      if (method === "HEAD" || method === "OPTIONS") assert.equal(body.length, 0);
    });
  }
}
