// Headers and queries that handlers read by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { uploadPlace } from "../../gateway/content-range.ts";
import { isIfRangeMatch, isNoneMatch, parseCondition } from "../../gateway/entity-tags.ts";
import type { HttpRequest } from "../../gateway/http-messages.ts";
import { nextPage, pageSize } from "../../gateway/pagination.ts";
import { queryValue, queryValues } from "../../gateway/query.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test("an entity tag may be strong, weak, bare or foreign", () => {
  assert.equal(parseCondition(" * "), "*");
  assert.deepEqual(parseCondition(`"${DIGEST}" ,W/"x,y",,${DIGEST},""`), [
    { text: DIGEST, weak: false },
    { text: "x,y", weak: true },
    { text: DIGEST, weak: false },
    { text: "", weak: false },
  ]);
});

for (const header of ["latest", '"open', `"a" "b"`, `w/"a"`, `"a", *`, 'W/ "a"'])
  test(`${header} is no list of entity tags`, () =>
    assert.throws(() => parseCondition(header), { code: "REQUEST_INVALID" }));

test("If-None-Match compares weakly and takes nothing it cannot read for a match", () => {
  assert.equal(isNoneMatch(`"x", W/"${DIGEST}"`, DIGEST), true);
  assert.equal(isNoneMatch("*", DIGEST), true);
  assert.equal(isNoneMatch('"x"', DIGEST), false);
  assert.equal(isNoneMatch(`nonsense, "${DIGEST}"`, DIGEST), false);
  assert.equal(isNoneMatch(undefined, DIGEST), false);
});

test("If-Range compares strongly", () => {
  assert.equal(isIfRangeMatch(`"${DIGEST}"`, DIGEST), true);
  assert.equal(isIfRangeMatch(`W/"${DIGEST}"`, DIGEST), false);
  assert.equal(isIfRangeMatch("Sat, 29 Oct 1994 19:43:31 GMT", DIGEST), false);
  assert.equal(isIfRangeMatch(undefined, DIGEST), true);
});

/** Only headers are looked at. */
function withHeaders(headers: Record<string, string>): HttpRequest {
  return { headers } as unknown as HttpRequest;
}

test("an upload's place comes from Content-Range, or is the end", () => {
  assert.deepEqual(uploadPlace(withHeaders({})), {});
  assert.deepEqual(uploadPlace(withHeaders({ "content-length": "5" })), { size: 5n });
  assert.deepEqual(uploadPlace(withHeaders({ "content-range": "10-14" })), { offset: 10n, size: 5n });
  assert.deepEqual(uploadPlace(withHeaders({ "content-range": "0-0", "content-length": "1" })), {
    offset: 0n,
    size: 1n,
  });
});

for (const range of [
  "5-4",
  "a-b",
  "0-",
  "-5",
  "bytes 0-4/5",
  "bytes=0-4",
  "0-4,6-7",
  "0-9999999999999999",
  " ",
])
  test(`Content-Range "${range}" is refused`, () =>
    assert.throws(() => uploadPlace(withHeaders({ "content-range": range })), { code: "REQUEST_INVALID" }));

test("Content-Range and Content-Length must agree", () => {
  const request = withHeaders({ "content-range": "0-4", "content-length": "4" });
  assert.throws(() => uploadPlace(request), { code: "SIZE_INVALID" });
});

test("a query is read in order, decoded, and a plus sign stays one", () => {
  assert.deepEqual(queryValues("tag=a&x=1&tag=b%2Fc&tag", "tag"), ["a", "b/c", ""]);
  assert.equal(queryValue("artifactType=application/x+json", "artifactType"), "application/x+json");
  assert.equal(queryValue("%6e=5", "n"), "5");
  assert.equal(queryValue("nn=5", "n"), undefined);
  assert.equal(queryValue("a=b=c", "a"), "b=c");
  assert.throws(() => queryValue("n=%e0", "n"), { code: "REQUEST_INVALID" });
});

test("a page has as many entries as asked for, but not more than allowed", () => {
  const limits = { fallback: 100, most: 1000 };
  assert.equal(pageSize("", limits), 100);
  assert.equal(pageSize("", { fallback: 100, most: 10 }), 10);
  assert.equal(pageSize("n=0", limits), 0);
  assert.equal(pageSize("n=007", limits), 7);
  assert.equal(pageSize("n=99999999999999999999999", limits), 1000);
  for (const n of ["-1", "1.5", "1e3", "", "%20", "0x10"])
    assert.throws(() => pageSize(`n=${n}`, limits), { code: "PAGINATION_NUMBER_INVALID" });
});

test("the next page is a relative link", () => {
  assert.deepEqual(nextPage("/v2/_catalog", { last: "a/b", n: 5 }), {
    Link: '</v2/_catalog?last=a%2Fb&n=5>; rel="next"',
  });
});
