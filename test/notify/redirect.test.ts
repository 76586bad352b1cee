// Where answers send a POST on to, and where it does not go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redirectTarget } from "../../src/notify/redirect.ts";

function target(from: string, status: number, location?: string): string | undefined {
  return redirectTarget([new URL(from)], { status, headers: { location } })?.href;
}

const ROWS = [
  { status: 301, location: "/there", to: "https://a.example/there" },
  { status: 302, location: "there", to: "https://a.example/hooks/there" },
  { status: 307, location: "//b.example/x", to: "https://b.example/x" },
  { status: 308, location: "https://b.example:8443/x?y=1", to: "https://b.example:8443/x?y=1" },
  { status: 307, location: "https://user:secret@b.example/x#part", to: "https://b.example/x" },
  { status: 303, location: "/there", to: undefined },
  { status: 300, location: "/there", to: undefined },
  { status: 304, location: "/there", to: undefined },
  { status: 200, location: "/there", to: undefined },
  { status: 201, location: "/there", to: undefined },
] as const;

for (const { status, location, to } of ROWS) {
  test(`${status} with Location ${location} leads to ${to ?? "nowhere"}`, () => {
    assert.equal(target("https://a.example/hooks/one", status, location), to);
  });
}

test("an answer that sends on to no place has not taken the message", () => {
  for (const location of [undefined, "https://[broken", "http://user:secret@"])
    for (const status of [301, 302, 307, 308])
      assert.throws(() => target("https://a.example/", status, location), {
        message: `the receiver answered ${status} without a place to go to`,
      });
});

test("from https to http is refused, from http to https is followed", () => {
  assert.throws(
    () => target("https://a.example/", 307, "http://a.example/secret?token=secret"),
    (error: Error) => {
      assert.equal(error.message, "a redirect from https to http, to a.example, is not followed");
      return true;
    },
  );
  assert.equal(target("http://a.example/", 308, "https://a.example/"), "https://a.example/");
});

test("only HTTP is followed", () => {
  for (const location of ["ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:,x"])
    assert.throws(() => target("http://a.example/", 307, location), /a redirect to \w+: is not followed/);
});

test("a place it has been to is refused, whatever the user info", () => {
  assert.throws(
    () => target("http://user:secret@a.example/x", 307, "/x"),
    (error: Error) => {
      assert.equal(error.message, "redirects lead in a circle, back to http://a.example/x");
      return true;
    },
  );
});
