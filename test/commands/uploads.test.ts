import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { stowageHere } from "./cli.ts";
import { KeeperBench } from "./keeper-bench.ts";
import { parseLines } from "./push.ts";

for (const where of ["a server", "the data"]) {
  suite(`stowage uploads asks ${where}`, () => {
    const open = async () => {
      const bench = await KeeperBench.open();
      const ids = [await bench.beginUpload("acme/app"), await bench.beginUpload("acme/other")] as const;
      const target = `${bench.url}/v2/acme/app/blobs/uploads/${ids[0]}`;
      const { status } = await fetch(target, { method: "PATCH", body: "12345" });
      assert.equal(status, 202);
      if (where === "the data") await bench.stop();
      return { bench, ids };
    };

    test("list tells how large they are, and when anybody last wrote", async () => {
      const { bench, ids } = await open();
      await using _ = bench;
      const lines = (await bench.print("uploads", "list")).trimEnd().split("\n");
      assert.match(lines[0] ?? "", /^ID +REPOSITORY +SIZE +BEGUN +LAST WRITTEN$/);
      assert.match(
        lines[1] ?? "",
        new RegExp(`^${ids[0]} +acme/app +5 B +\\S.* \\(2\\S+\\) +\\S.* \\(2\\S+\\)$`),
      );
      assert.match(lines[2] ?? "", new RegExp(`^${ids[1]} +acme/other +0 B `));
      assert.equal(lines[3], "2 open uploads with 5 B.");
      const [upload, ...others] = parseLines(
        await bench.print("uploads", "list", "-r", "acme/app", "--json"),
      );
      assert.equal(others.length, 0);
      const { createTime, lastActivityTime, ...rest } = upload ?? {};
      const expected = { repository: "acme/app", uploadId: ids[0], digestAlgorithm: "sha256", offset: "5" };
      assert.deepEqual(rest, expected);
      assert.ok(String(createTime) < String(lastActivityTime), JSON.stringify(upload));
      const none = await bench.print("uploads", "list", "-r", "acme/none");
      assert.equal(none, "There are no open uploads.\n");
    });

    test("abort ends those that are named, and tells of those that there are not", async () => {
      const { bench, ids } = await open();
      await using _ = bench;
      const dry = await bench.print("uploads", "abort", ids[0], "--dry-run");
      assert.equal(dry, `Would end upload ${ids[0]} of acme/app.\n`);
      const unknown = ids[1].slice(0, -1);
      const { code, stdout, stderr } = await bench.run(["uploads", "abort", ids[0], unknown]);
      assert.equal(code, 1);
      assert.equal(stdout, `Ended upload ${ids[0]} of acme/app.\n`);
      assert.match(stderr, new RegExp(`there is no open upload "${unknown}"; did you mean ${ids[1]}\\?`));
      const left = await bench.print("uploads", "list");
      assert.match(left, /^1 open upload with 0 B\.$/m);
      const elsewhere = await bench.run(["uploads", "abort", ids[1], "-r", "acme/app"]);
      assert.match(elsewhere.stderr, /there is no open upload/);
      const done = JSON.parse(await bench.print("uploads", "abort", ids[1], "--json"));
      assert.deepEqual(done, { repository: "acme/other", uploadId: ids[1], aborted: true });
    });

    test("abort --idle ends what nobody goes on with", async () => {
      const { bench, ids } = await open();
      await using _ = bench;
      assert.equal(
        await bench.print("uploads", "abort", "--idle", "1h"),
        "Ended 0 uploads with 0 B; 2 uploads looked at.\n",
      );
      const dry = await bench.print("uploads", "abort", "--idle", "0", "--dry-run");
      assert.match(dry, new RegExp(`^${ids[0]} {2}5 B {2}acme/app {2}last written `, "m"));
      assert.match(dry, /^Would end 2 uploads with 5 B; 2 uploads looked at\.$/m);
      const lines = parseLines(await bench.print("uploads", "abort", "--idle", "0", "--json"));
      assert.equal(lines.length, 3);
      assert.deepEqual(lines.at(-1), { finished: { examined: "2", purged: "2", bytes: "5" } });
      assert.equal(await bench.print("uploads", "list"), "There are no open uploads.\n");
    });
  });
}

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["abort"], /say which: ids as the list shows them, or --idle/],
  [["abort", "x", "--idle", "1h"], /say which/],
  [["abort", "--idle", "long"], /--idle: "long" is no length of time/],
  [["abort", "--idle", "1h", "-r", "a"], /--idle is about all repositories/],
  [["list", "-r", "A"], /repository name "A" must be lower-case/],
];
for (const [args, expected] of WRONG) {
  test(`"uploads ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stderr } = await stowageHere(["uploads", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  });
}
