import assert from "node:assert/strict";
import { test } from "node:test";
import { shownTarget } from "../../gateway/shown-target.ts";

const CASES: Readonly<Record<string, string>> = {
  "/v2/": "/v2/",
  "/v2/_catalog?n=10&last=a%2Fb": "/v2/_catalog?n=10&last=a%2Fb",
  "/v2/?access_token=secret": "/v2/?…",
  "/v2/a/blobs/uploads/?mount=sha256:0&password=secret&from=b":
    "/v2/a/blobs/uploads/?mount=sha256:0&from=b&…",
  "/auth/token?service=x&password=secret": "/auth/token?…",
  "/v2/?secret": "/v2/?…",
  "/v2/?n%3Dsecret": "/v2/?…",
  "http://user:secret@host/v2/?n=1": "http://host/v2/?n=1",
  "http://us@er:secret@host?secret": "http://host?…",
  "/v2/a@b/": "/v2/a@b/",
};

for (const [url, shown] of Object.entries(CASES)) {
  test(`of ${url} is shown ${shown}`, () => assert.equal(shownTarget(url), shown));
}
