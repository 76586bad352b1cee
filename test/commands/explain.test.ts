import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { blobOf, KeeperBench } from "./keeper-bench.ts";

for (const where of ["a server", "the data"]) {
  suite(`stowage explain asks ${where}`, () => {
    test("the tree leads from a layer up to a tag, by an index", async () => {
      await using bench = await KeeperBench.open();
      const image = await bench.push("acme/app", "amd64", ["layer"]);
      const index = await bench.pushIndex("acme/app", "v1", [
        { digest: image, size: await sizeOf(bench, image) },
      ]);
      await bench.delete("acme/app", "amd64");
      if (where === "the data") await bench.stop();
      const lines = (await bench.print("explain", blobOf("layer"))).trimEnd().split("\n");
      assert.match(lines[0] ?? "", new RegExp(`^${blobOf("layer")} {2}5 B, here since `));
      assert.deepEqual(lines.slice(1).reverse(), [
        "      └─ tag v1",
        `   └─ index ${index}`,
        `└─ acme/app@${image}  is named by this manifest, application/vnd.oci.image.manifest.v1+json`,
        "├─ acme/app  linked here, while a manifest here names it",
      ]);
      const own = await bench.print("explain", "acme/app:v1");
      assert.match(own, new RegExp(`^${index} {2}`));
      assert.match(own, /└─ acme\/app@sha256:[0-9a-f]{64} {2}is a manifest here, .*\n {3}└─ tag v1\n$/);
    });

    test("the trash keeps, too, and until when is told", async () => {
      await using bench = await KeeperBench.open();
      const image = await bench.push("acme/app", "v1", ["layer"]);
      await bench.delete("acme/app", image);
      if (where === "the data") await bench.stop();
      for (const content of [image, `acme/app@${image}`, blobOf("layer")])
        assert.match(
          await bench.print("explain", content),
          /in the trash until 2\S+ \(in 6 d\): somebody deleted it/,
        );
      const json = JSON.parse(await bench.print("explain", image, "--json"));
      assert.equal(json.digest, image);
      assert.equal(json.holderCount, "1");
      assert.equal(json.holders[0].manifest.digest, image);
    });

    test("a blob without a manifest has its lease", async () => {
      await using bench = await KeeperBench.open();
      await bench.pushBlob("acme/app", "alone");
      if (where === "the data") await bench.stop();
      const text = await bench.print("explain", blobOf("alone"));
      assert.match(
        text,
        /└─ acme\/app {2}linked here without a manifest that names it, until 2\S+ \(in 23 h\)/,
      );
    });

    test("what is not here is said, with the nearest name that is", async () => {
      await using bench = await KeeperBench.open();
      await bench.push("acme/app", "stable", ["layer"]);
      if (where === "the data") await bench.stop();
      const cases: readonly (readonly [string, RegExp])[] = [
        ["acme/app:stabel", /tag "stabel" is not in repository "acme\/app"; did you mean stable\?/],
        ["acme/ap:stable", /did you mean acme\/app\?/],
        [blobOf("nothing"), new RegExp(`^stowage: ${blobOf("nothing")} is not here: it never was, or`)],
      ];
      for (const [content, expected] of cases) {
        const { code, stdout, stderr } = await bench.run(["explain", content]);
        assert.deepEqual([code, stdout], [1, ""]);
        assert.match(stderr, expected);
      }
      for (const content of ["sha256:abc", "acme/app", "Acme/app:v1", "acme/app@sha256:0"])
        assert.equal((await bench.run(["explain", content])).code, 2, content);
    });
  });
}

test("on a terminal no line is wider than it", async () => {
  await using bench = await KeeperBench.open();
  await bench.push("acme/app", "v1", ["layer"]);
  const terminal = { isTerminal: true, hasColors: false, columns: 80 };
  const { stdout } = await bench.run(["explain", blobOf("layer")], terminal);
  for (const line of stdout.split("\n").slice(1)) assert.ok(line.length <= 80, line);
});

async function sizeOf(bench: KeeperBench, digest: string): Promise<number> {
  const headers = { accept: "*/*" };
  const answer = await fetch(`${bench.url}/v2/acme/app/manifests/${digest}`, { headers });
  return (await answer.arrayBuffer()).byteLength;
}
