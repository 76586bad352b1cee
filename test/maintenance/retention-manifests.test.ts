// What follows for manifests from what happens to tags: siblings, members of an
// index, referrers, signatures attached by name, and what has no tag at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY } from "../../src/core/origin.ts";
import { tagChangesOf, trashKey } from "../../src/metadata/keeping-keys.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { type Study, withCore } from "../core/study.ts";
import { collect, DAY, keeping, retentionOf, Shelf, simulateAndApply } from "./retention-bench.ts";

/** Only what is called so stays. */
const only = (...tags: readonly string[]) => keeping({ tags });

test("a tag that goes leaves its sibling and their manifest alone", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const shared = await shelf.image(["shared"], { tags: ["v1", "build-1", "build-2"] });
    const { applied } = await simulateAndApply(study, only("v*"), { all: true });
    assert.deepEqual(applied.manifests, [[shared, "keep", "tagged v1"]]);
    assert.deepEqual(await shelf.contents(), { tags: ["v1"], manifests: [shared] });
    assert.equal(applied.summary.bytesFreed, 0);
  }));

test("a manifest goes with its last tag, to the trash, with the rule as the reason", () =>
  withCore({ deleteEnabled: false }, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["both"], { tags: ["build-1", "build-2"] });
    study.clock.time += 1;
    const { applied } = await simulateAndApply(study, only("v*"));
    assert.deepEqual(applied.manifests, [[digest, "delete", "its last tag goes"]]);
    assert.deepEqual(await shelf.contents(), { tags: [], manifests: [] });
    const { metadata } = study.context;
    const trashed = await metadata.get(trashKey(shelf.repository, digest));
    assert.deepEqual(trashed?.reason, { kind: "retention", rule: "the rule" });
    assert.deepEqual(trashed?.tags, ["build-1", "build-2"]);
    const changes = await metadata.page(tagChangesOf(shelf.repository, parseTag("build-1")), { limit: 10 });
    assert.deepEqual(changes.at(-1)?.record?.reason, { kind: "retention", rule: "the rule" });
    await study.core.trash.restore(shelf.repository, digest, NOBODY);
    assert.deepEqual(await shelf.contents(), { tags: ["build-1", "build-2"], manifests: [digest] });
  }));

test("members stay with an index that stays, also when their own tags go, and go with the last that goes", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const [inBoth, inOne, inGoing, tagged] = [
      await shelf.image(["in both"], { tags: ["build-amd64"] }),
      await shelf.image(["in one"]),
      await shelf.image(["in going"], { tags: ["build-arm64"] }),
      await shelf.image(["tagged"], { tags: ["v1-amd64"] }),
    ];
    const staying = await shelf.index([inBoth], ["v1"]);
    const going = await shelf.index([inBoth, inOne, inGoing, tagged], ["build"]);
    const outer = await shelf.index([going, inOne], ["build-all"]);
    const { applied } = await simulateAndApply(study, only("v*"), { all: true });
    assert.deepEqual(
      new Map(applied.manifests.map(([digest, action, reason]) => [digest, `${action} ${reason}`])),
      new Map([
        [outer, "delete its last tag goes"],
        [going, "delete its last tag goes"],
        [inOne, `delete member of index ${outer}`],
        [inGoing, "delete its last tag goes"],
        [inBoth, `keep member of index ${staying}`],
        [tagged, "keep tagged v1-amd64"],
        [staying, "keep tagged v1"],
      ]),
    );
    const left = await shelf.contents();
    assert.deepEqual(left.tags, ["v1", "v1-amd64"]);
    assert.deepEqual(new Set(left.manifests), new Set([inBoth, tagged, staying]));
  }));

test("an index that was called by nothing is judged by age, its members with it", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const member = await shelf.image(["member"]);
    const index = await shelf.index([member]);
    study.clock.time += 40 * DAY;
    const young = await shelf.image(["young"]);
    const { applied } = await simulateAndApply(study, { untaggedMs: 30 * DAY, rules: [] });
    assert.deepEqual(applied.manifests, [
      [index, "delete", "untagged for 40 days"],
      [member, "delete", `member of index ${index}`],
    ]);
    assert.deepEqual((await shelf.contents()).manifests, [young]);
  }));

test("the age without a tag begins when the last tag left, at the last push, and at the last pull", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const [moved, pushed, pulled, idle] = [
      await shelf.image(["moved"], { tags: ["latest"] }),
      await shelf.image(["pushed"]),
      await shelf.image(["pulled"]),
      await shelf.image(["idle"]),
    ];
    study.clock.time += 25 * DAY;
    await shelf.image(["next"], { tags: ["latest"] });
    await shelf.image(["pushed"]);
    await shelf.pulled(pulled);
    study.clock.time += 10 * DAY;
    const config = { untaggedMs: 30 * DAY, rules: [] };
    const { applied } = await simulateAndApply(study, config, { all: true });
    assert.deepEqual(
      new Map(
        applied.manifests
          .filter(([, , reason]) => !reason.startsWith("tagged"))
          .map(([d, ...rest]) => [d, rest]),
      ),
      new Map([
        [idle, ["delete", "untagged for 35 days"]],
        [moved, ["keep", "untagged for 10 days"]],
        [pushed, ["keep", "untagged for 10 days"]],
        [pulled, ["keep", "untagged for 10 days"]],
      ]),
    );
  }));

test("without an age manifests that have no tag are kept", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const untagged = await shelf.image(["untagged"]);
    study.clock.time += 4000 * DAY;
    const { applied } = await simulateAndApply(study, only("v*"), { all: true });
    assert.deepEqual(applied.manifests, [[untagged, "keep", "untagged for 4000 days"]]);
  }));

test("referrers live and die with their subject, through any number of steps", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const kept = await shelf.image(["kept"], { tags: ["v1"] });
    const gone = await shelf.image(["gone"], { tags: ["build"] });
    const signature = await shelf.image(["signature of kept"], { subject: kept });
    const list = await shelf.image(["list"], { subject: gone });
    const signatureOfList = await shelf.image(["signature of list"], { subject: list });
    const named = await shelf.image(["report"], { subject: gone, tags: ["v1-report"] });
    const build = await shelf.image(["tagged referrer"], { subject: kept, tags: ["report"] });
    study.clock.time += 400 * DAY;
    const config = { ...only("v*"), untaggedMs: DAY };
    const { applied } = await simulateAndApply(study, config, { all: true });
    assert.deepEqual(
      new Map(applied.manifests.map(([digest, action, reason]) => [digest, `${action} ${reason}`])),
      new Map([
        [gone, "delete its last tag goes"],
        [list, `delete referrer of ${gone}`],
        [signatureOfList, `delete referrer of ${list}`],
        [kept, "keep tagged v1"],
        [signature, `keep referrer of ${kept}`],
        [named, "keep tagged v1-report"],
        [build, `keep referrer of ${kept}`],
      ]),
    );
    assert.equal((await shelf.contents()).manifests.length, 4);
  }));

test("a referrer that an index names too stays with its subject", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const kept = await shelf.image(["kept"], { tags: ["v1"] });
    const signature = await shelf.image(["signature"], { subject: kept });
    const index = await shelf.index([signature], ["build"]);
    const { applied } = await simulateAndApply(study, only("v*"));
    assert.deepEqual(applied.manifests, [[index, "delete", "its last tag goes"]]);
    assert.deepEqual(new Set((await shelf.contents()).manifests), new Set([kept, signature]));
  }));

test("tags attached by name follow their manifest and take no place among the newest", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const attach = async (to: string, ending: string) => {
      const tag = `${to.replace(":", "-")}${ending}`;
      return { tag, digest: await shelf.image([`${ending} of ${to}`], { tags: [tag] }) };
    };
    const old = await shelf.image(["old"], { tags: ["old"] });
    study.clock.time += DAY;
    const kept = await shelf.image(["new"], { tags: ["new"] });
    study.clock.time += DAY;
    const gone = [await attach(old, ".sig"), await attach(old, ".att"), await attach(old, "")];
    const signatureOfSignature = await attach(gone[0]?.digest ?? "", ".sig");
    const stays = [await attach(kept, ".sig"), await attach(kept, ".sbom")];
    const orphan = await attach(`sha256:${"0".repeat(64)}`, ".sig");
    const { applied } = await simulateAndApply(study, keeping({ newest: 1 }, DAY));
    assert.deepEqual(
      applied.tags,
      [
        "old delete newest 2, beyond 1",
        "new keep newest 1 of 1",
        ...gone.map(({ tag }) => `${tag} delete attached to ${old}`),
        `${signatureOfSignature.tag} delete attached to ${gone[0]?.digest}`,
        ...stays.map(({ tag }) => `${tag} keep attached to ${kept}`),
        `${orphan.tag} keep attached to sha256:${"0".repeat(64)}, which is not here`,
      ].toSorted(),
    );
    const left = await shelf.contents();
    assert.deepEqual(new Set(left.tags), new Set(["new", orphan.tag, ...stays.map(({ tag }) => tag)]));
    const digests = [kept, orphan.digest, ...stays.map(({ digest }) => digest)];
    assert.deepEqual(new Set(left.manifests), new Set(digests));
  }));

/** Runs apply, and lets something happen once the rules have decided and before anything is deleted. */
async function applyWith(study: Study, config: ReturnType<typeof keeping>, happens: () => Promise<unknown>) {
  const told: string[] = [];
  let isFirst = true;
  for await (const item of retentionOf(study, config).apply()) {
    if (isFirst) await happens(); // the first word is about progress, behind the decisions
    isFirst = false;
    if (item.kind === "tag") told.push(`${item.tag} ${item.action} ${item.reason}`);
    if (item.kind === "manifest") told.push(`${item.action} ${item.digest}`);
  }
  return told.toSorted();
}

test("a tag that moved meanwhile is left alone, and so is its new manifest; the others go", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const old = await shelf.image(["old"], { tags: ["a", "b"] });
    let fresh = "";
    const told = await applyWith(study, only("v*"), async () => {
      fresh = await shelf.image(["fresh"], { tags: ["a"] });
    });
    assert.deepEqual(
      told,
      ["a keep changed meanwhile", "b delete tag does not match v*", `delete ${old}`].toSorted(),
    );
    assert.deepEqual(await shelf.contents(), { tags: ["a"], manifests: [fresh] });
  }));

test("a manifest that was pushed under another tag meanwhile stays for it", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"], { tags: ["a"] });
    const told = await applyWith(study, only("v*"), () => shelf.image(["old"], { tags: ["v1"] }));
    assert.deepEqual(told, ["a delete tag does not match v*", `keep ${digest}`]);
    assert.deepEqual(await shelf.contents(), { tags: ["v1"], manifests: [digest] });
  }));

test("a manifest that was put into an index meanwhile stays for it", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"], { tags: ["a"] });
    const told = await applyWith(study, only("v*"), () => shelf.index([digest], ["v1"]));
    assert.deepEqual(told, ["a delete tag does not match v*", `keep ${digest}`]);
    assert.deepEqual((await shelf.contents()).manifests.length, 2);
  }));

test("a tag that was set again to the same manifest meanwhile is as new", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"], { tags: ["a"] });
    const told = await applyWith(study, only("v*"), async () => {
      study.clock.time += 1;
      await shelf.image(["old"], { tags: ["a"] });
    });
    assert.deepEqual(told, ["a keep changed meanwhile", `keep ${digest}`]);
    assert.deepEqual(await shelf.contents(), { tags: ["a"], manifests: [digest] });
  }));

test("a tag that was brought back meanwhile is as new", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"], { tags: ["a"] });
    const told = await applyWith(study, only("v*"), async () => {
      study.clock.time += 1;
      await shelf.image(["other"], { tags: ["a"] });
      study.clock.time += 1;
      const { repository } = shelf;
      const target = { kind: "digest", digest } as const;
      await study.core.tagHistory.restore({ repository, tag: parseTag("a"), target }, NOBODY);
    });
    assert.deepEqual(told, ["a keep changed meanwhile", `keep ${digest}`]);
    assert.deepEqual((await shelf.contents()).tags, ["a"]);
  }));

test("a manifest without a tag that was pushed meanwhile stays", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"]);
    study.clock.time += 40 * DAY;
    const config = { untaggedMs: 30 * DAY, rules: [] };
    const told = await applyWith(study, config, () => shelf.image(["old"]));
    assert.deepEqual(told, [`keep ${digest}`]);
    assert.deepEqual((await shelf.contents()).manifests, [digest]);
  }));

test("what was pulled meanwhile is left alone where pulls keep, and only there", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    const digest = await shelf.image(["old"], { tags: ["a"] });
    const pull = async () => {
      study.clock.time += 1;
      await shelf.pulled(digest);
    };
    study.clock.time += 100 * DAY;
    await study.context.metadata.commit({
      changes: [{ kind: "put", key: { text: "S/pulls" }, record: { time: 0 } }],
    });
    const byPulls = keeping({ pulledWithinMs: 30 * DAY });
    assert.deepEqual(await applyWith(study, byPulls, pull), ["a keep changed meanwhile", `keep ${digest}`]);
    assert.deepEqual(await applyWith(study, only("v*"), pull), [
      "a delete tag does not match v*",
      `delete ${digest}`,
    ]);
  }));

test("a run that sees nothing to do changes nothing", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await shelf.image(["one"], { tags: ["v1"] });
    const before = study.context.metadata.lastSequence();
    const { summary } = await collect(retentionOf(study, only("v*")).apply());
    assert.deepEqual([summary.tagsDeleted, summary.manifestsDeleted, summary.bytesFreed], [0, 0, 0]);
    assert.equal(study.context.metadata.lastSequence(), before);
  }));
