// Paths and request targets: what means what.
import assert from "node:assert/strict";
import { test } from "node:test";
import { handles, readTarget } from "../../gateway/request-target.ts";
import { createRouter } from "../../gateway/router.ts";
import { ROUTES } from "../../gateway/routes.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const find = createRouter(ROUTES);

/** Path, template, name, argument. */
const FOUND: readonly (readonly [path: string, template: string, repository: string, argument: string])[] = [
  ["/v2", "/v2/", "", ""],
  ["/v2/", "/v2/", "", ""],
  ["/v2/_catalog", "/v2/_catalog", "", ""],
  ["/auth/token", "/auth/token", "", ""],
  ["/auth/keys", "/auth/keys", "", ""],
  ["/v2/a/tags/list", "/v2/{name}/tags/list", "a", ""],
  ["/v2/a/b/c/tags/list", "/v2/{name}/tags/list", "a/b/c", ""],
  ["/v2/tags/list/tags/list", "/v2/{name}/tags/list", "tags/list", ""],
  ["/v2/a/manifests/list", "/v2/{name}/manifests/{reference}", "a", "list"],
  ["/v2/manifests/manifests/manifests", "/v2/{name}/manifests/{reference}", "manifests", "manifests"],
  ["/v2/a/tags/manifests/list", "/v2/{name}/manifests/{reference}", "a/tags", "list"],
  ["/v2/a/manifests/", "/v2/{name}/manifests/{reference}", "a", ""],
  [`/v2/a/blobs/${DIGEST}`, "/v2/{name}/blobs/{digest}", "a", DIGEST],
  [`/v2/blobs/uploads/blobs/${DIGEST}`, "/v2/{name}/blobs/{digest}", "blobs/uploads", DIGEST],
  ["/v2/a/blobs/uploads", "/v2/{name}/blobs/uploads/", "a", ""],
  ["/v2/a/blobs/uploads/", "/v2/{name}/blobs/uploads/", "a", ""],
  ["/v2/blobs/uploads/blobs/uploads/", "/v2/{name}/blobs/uploads/", "blobs/uploads", ""],
  ["/v2/a/blobs/uploads/id", "/v2/{name}/blobs/uploads/{upload_id}", "a", "id"],
  ["/v2/a/blobs/uploads/uploads", "/v2/{name}/blobs/uploads/{upload_id}", "a", "uploads"],
  ["/v2/a/blobs/uploads/manifests/latest", "/v2/{name}/manifests/{reference}", "a/blobs/uploads", "latest"],
  [`/v2/a/referrers/${DIGEST}`, "/v2/{name}/referrers/{digest}", "a", DIGEST],
  [`/v2/referrers/referrers/${DIGEST}`, "/v2/{name}/referrers/{digest}", "referrers", DIGEST],
  ["/v2/manifests/latest", "/v2/{name}/manifests/{reference}", "", "latest"],
];

for (const [path, template, repository, argument] of FOUND) {
  test(`${path} is ${template} of "${repository}"`, () => {
    const match = find(path);
    const methods = ROUTES.filter((route) => route.path === template).map((route) => route.method);
    assert.equal(match?.repository, repository);
    assert.equal(match.argument, argument);
    assert.deepEqual(
      [...match.resource.handlers.keys()].filter((method) => method !== "HEAD").sort(),
      methods.sort(),
    );
    for (const route of ROUTES.filter((row) => row.path === template))
      assert.equal(match.resource.handlers.get(route.method), route.handle);
  });
}

for (const path of [
  "/",
  "/v1/",
  "/v2/a",
  "/v2/a/b",
  "/v2/a/tags",
  "/v2/a/tags/lists",
  "/v2/_catalog/",
  "/v3/a/tags/list",
])
  test(`there is nothing at ${path}`, () => assert.equal(find(path), undefined));

for (const [url, expected] of [
  ["/v2", true],
  ["/v2/", true],
  ["/v2?n=1", true],
  ["/v2/a/b", true],
  ["http://host:5000/v2/", true],
  ["http://host:5000", false],
  ["/v20", false],
  ["/auth/token", true],
  ["/auth/token?service=x", true],
  ["/auth/keys", true],
  ["https://host/auth/token", true],
  ["/auth/token/", false],
  ["/auth/tokens", false],
  ["/auth", false],
  ["/", false],
  ["", false],
  ["*", false],
  ["/stowage.v1.BlobService/StatBlob", false],
] as const)
  test(`the gateway ${expected ? "takes" : "leaves"} "${url}"`, () => assert.equal(handles(url), expected));

test("a request target is split once, at its first question mark", () => {
  assert.deepEqual(readTarget("/v2/a?x=?&y"), { path: "/v2/a", query: "x=?&y" });
  assert.deepEqual(readTarget("https://host/v2/a?x"), { path: "/v2/a", query: "x" });
});

test("an encoded slash does not separate", () => {
  assert.equal(readTarget("/v2/%61%2fb/tags/list").path, "/v2/a%2Fb/tags/list");
});

test("broken percent-encoding is refused", () => {
  for (const url of ["/v2/%", "/v2/%1", "/v2/%zz", "/v2/%c3"])
    assert.throws(() => readTarget(url), { code: "REQUEST_INVALID" });
});
