// Names that could mean secret/x to one part of the registry and something harmless
// to another.

/** How secret/x could be written, as it stands in a path. */
export const SPELLINGS: readonly string[] = [
  "secret/x",
  "%73ecret/x",
  "%73%65%63%72%65%74/%78",
  "secret%2Fx",
  "secret%2fx",
  "secret%252Fx",
  "%2573ecret/x",
  "secret%5Cx",
  "secret\\x",
  "Secret/x",
  "SECRET/X",
  "secret/X",
  "secret//x",
  "/secret/x",
  "//secret/x",
  "./secret/x",
  "secret/./x",
  "secret/x/",
  "secret/x//",
  "secret/x.",
  "secret/x..",
  "secret./x",
  "secret/x/.",
  "secret/x/..%2Fx",
  "secret/x%20",
  "secret/x+",
  "%20secret/x",
  "secret/x%00",
  "secret%00/x",
  "%00secret/x",
  "acme/app%00/../../secret/x",
  "secret/x%09",
  "secret/x%0d%0aX-Evil:%201",
  "secret/x;a=b",
  "secret/x#y",
  "secret/x%23y",
  "secret/x%3Fy",
  "secret/x:v1",
  "secret/x@v1",
  "~secret/x",
  "*",
  "**",
  "secret/*",
  "acme/../secret/x",
  "acme/%2e%2e/secret/x",
  "acme/%2E./secret/x",
  "acme/.%2e/secret/x",
  "acme/%252e%252e/secret/x",
  "acme%2F..%2Fsecret%2Fx",
  "acme\\..\\secret\\x",
  "acme/..;/secret/x",
  "acme/..%00/secret/x",
  "acme/.../secret/x",
  "public/x/../../secret/x",
  "public/x/../../../v2/secret/x",
  "../v2/secret/x",
  "acme/app/manifests/../../../secret/x",
  "acme/app/blobs/../../../secret/x",
  "public/x/tags/list/../../../../secret/x",
  "other/x/manifests/v1/secret/x",
  "secret/x/manifests/v1",
  "%c0%afsecret/x",
  "acme/%c0%ae%c0%ae/secret/x",
  "acme/%e0%80%ae%e0%80%ae/secret/x",
  "secret%c0%afx",
  "secret%e2%88%95x", // division slash
  "secret%ef%bc%8fx", // full-width slash
  "%ef%bd%93ecret/x", // full-width s
  "%c5%bfecret/x", // long s
  "s%d0%b5cret/x", // Cyrillic e
  "se%cc%81cret/x", // combining accent
  "secret%e2%80%8b/x", // zero-width space
  "%ef%bb%bfsecret/x", // byte order mark
  "%e2%80%aesecret/x", // right-to-left override
  "secret%ed%a0%80/x", // half a surrogate pair
  "secret/x%",
  "secret/x%2",
  "secret/x%zz",
  "%u0073ecret/x",
  "secret/__proto__",
  "__proto__",
  "constructor/prototype",
  `${"a/".repeat(200)}secret/x`,
  `${"a".repeat(256)}/../secret/x`,
  "%61".repeat(2000),
  "../".repeat(2000),
];

/** As a message can hold it: what a path can only say with per cent signs. */
export function decoded(spelling: string): string {
  try {
    return decodeURIComponent(spelling);
  } catch {
    return spelling;
  }
}
