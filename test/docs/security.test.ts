// What docs/security.md says of limits is what the table of keys says, and no link of the pages about security
// leads to nowhere.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { MAX_TOKEN_LENGTH } from "../../src/auth/jwt-shape.ts";
import { KEYS } from "../../src/config/keys.ts";
import { MAX_MANIFEST_SIZE } from "../../src/oci/manifest.ts";
import { MAX_SMALL_REQUEST } from "../../src/rpc/mount.ts";
import { MAX_REQUEST_MESSAGE } from "../../src/server/limits.ts";
import { Page } from "./page.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const KIB = 1024;

const page = await Page.read("security.md");

test("the table of limits has every key of http.limits and http.timeouts with its default", () => {
  const keys = new Map(KEYS);
  const limits = [...keys].filter(([path]) => /^http\.(limits|timeouts)\./.test(path));
  const expected = limits.map(([path, key]) => `${path} ${key.default}`).sort();
  const rows = page.section("Limits").rows.filter(([, key = ""]) => key.startsWith("`"));
  assert.deepEqual(rows.map(([, key = "", value]) => `${key.replaceAll("`", "")} ${value}`).sort(), expected);
});

test("the fixed limits are as large as the page says", () => {
  const [fixed = ""] = /Fixed are: .*?\./s.exec(page.section("Limits").text) ?? [];
  const text = fixed.replaceAll(/\s+/g, " ");
  for (const [size, what] of [
    [`${MAX_MANIFEST_SIZE / KIB / KIB} MiB`, "a manifest"],
    [`${MAX_REQUEST_MESSAGE / KIB / KIB} MiB`, "an RPC message"],
    [`${MAX_SMALL_REQUEST / KIB} KiB`, "one of other RPCs"],
    [`${MAX_TOKEN_LENGTH / KIB} KiB`, "a token"],
  ])
    assert.ok(text.includes(`${size} for ${what}`), `${size} for ${what}`);
});

for (const name of ["auth.md", "security.md", "proxies.md", "migration.md", "garbage.md"])
  test(`links in docs/${name} lead somewhere`, async () => {
    const { text } = await Page.read(name);
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = "", anchor] = target.split("#");
      assert.ok(path === "" || existsSync(new URL(path, DOCS)), target);
      if (anchor === undefined || !(path === "" || path.endsWith(".md"))) continue;
      const linked = path === "" ? text : (await Page.read(path)).text;
      assert.ok(anchorsOf(linked).includes(anchor), target);
    }
  });

/** As code forges make them of headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
