// A prefix is no wall, and nothing may be found in front of it or beside it either.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RawConnection } from "../server/running-server.ts";
import { basic, openFortress, push } from "./fortress.ts";

const CALLERS = [undefined, basic("alice")] as const;

const EVIL = "evil.example.com";

test("behind a prefix, nothing in front of it or beside it opens anything", async () => {
  await using behind = await openFortress({ settings: { REGISTRY_HTTP_PREFIX: "/registry/" } });
  const pushed = await push(`${behind.host}`, { repository: "public/x", tag: "v1", text: "p" }).catch(
    () => undefined,
  );
  assert.equal(pushed, undefined, "there is nothing outside of the prefix");
  const raw = async (target: string, authorization?: string) => {
    const connection = new RawConnection(Number(behind.host.split(":")[1]));
    const credentials = authorization === undefined ? "" : `Authorization: ${authorization}\r\n`;
    await connection.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${credentials}Connection: close\r\n\r\n`);
    return connection.rest();
  };
  assert.match(
    await raw("/registry/v2/secret/x/tags/list", basic("root")),
    /^HTTP\/1\.1 404 .*NAME_UNKNOWN/s,
  );
  const tail = "v2/secret/x/tags/list";
  for (const target of [
    `/${tail}`,
    `/registry/${tail}`,
    `/registry/registry/${tail}`,
    `//registry/${tail}`,
    `/registry//${tail}`,
    `/registry/../${tail}`,
    `/registry/./${tail}`,
    `/registry%2F${tail}`,
    `/%72egistry/${tail}`,
    `/REGISTRY/${tail}`,
    `/registry${tail}`,
    `/registryx/${tail}`,
    `/x/../registry/${tail}`,
    `http://${EVIL}/registry/${tail}`,
    `http://${EVIL}/${tail}`,
    `http:///registry/${tail}`,
  ])
    for (const authorization of CALLERS) {
      const answer = await raw(target, authorization);
      assert.match(answer, /^HTTP\/1\.1 (400|401|403|404) /, target);
      assert.doesNotMatch(answer, /NAME_UNKNOWN/, target);
    }
});
