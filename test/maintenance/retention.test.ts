// What the rules of the retention say about tags: each condition, in the words that
// an operator reads, and that only they decide.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RetentionConfig } from "../../src/config/retention.ts";
import { type Study, withCore } from "../core/study.ts";
import {
  collect,
  countPulls,
  DAY,
  keeping,
  retentionOf,
  Shelf,
  simulateAndApply,
} from "./retention-bench.ts";

/** Pushes one image a day, the last one now. */
async function daily({ clock }: Study, shelf: Shelf, tags: readonly string[]): Promise<void> {
  for (const [at, tag] of tags.entries()) {
    if (at > 0) clock.time += DAY;
    await shelf.image([`${tag} config`, `${tag} layer`], { tags: [tag] });
  }
}

test("the newest stay, by the time of their push and not by their names", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await daily(study, shelf, ["c", "a", "b"]);
    const { applied } = await simulateAndApply(study, keeping({ newest: 2 }));
    assert.deepEqual(applied.tags, [
      "a keep newest 2 of 2",
      "b keep newest 1 of 2",
      "c delete newest 3, beyond 2",
    ]);
    assert.deepEqual((await shelf.contents()).tags, ["a", "b"]);
    assert.equal((await shelf.contents()).manifests.length, 2);
  }));

test("tags of the same moment are ranked by name", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    for (const tag of ["b", "a", "c"]) await shelf.image([tag], { tags: [tag] });
    const { tags } = await collect(retentionOf(study, keeping({ newest: 1 })).simulate());
    assert.deepEqual(tags, [
      "a keep newest 1 of 1",
      "b delete newest 2, beyond 1",
      "c delete newest 3, beyond 1",
    ]);
  }));

test("a tag is kept for its age, and a push of the same again makes it young", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await daily(study, shelf, ["old", "again", "new"]);
    study.clock.time += DAY;
    await shelf.image(["again config", "again layer"], { tags: ["again"] });
    study.clock.time += DAY;
    const { tags } = await collect(retentionOf(study, keeping({ pushedWithinMs: 2 * DAY })).simulate());
    assert.deepEqual(tags, [
      "again keep pushed 1 day ago, within 2d",
      "new keep pushed 2 days ago, within 2d",
      "old delete pushed 4 days ago, not within 2d",
    ]);
  }));

test("any condition keeps; a tag that goes has failed all of them", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await daily(study, shelf, ["v1", "x1", "x2", "x3"]);
    const keep = { newest: 1, pushedWithinMs: 36 * 60 * 60 * 1000, tags: ["v*", "release-?"] };
    const { tags } = await collect(retentionOf(study, keeping(keep)).simulate());
    assert.deepEqual(tags, [
      "v1 keep tag matches v*",
      "x1 delete tag does not match v*, release-?; newest 3, beyond 1; pushed 2 days ago, not within 36h",
      "x2 keep pushed 1 day ago, within 36h",
      "x3 keep newest 1 of 1",
    ]);
  }));

test("the first rule that fits decides, and counts only what it decides about", () =>
  withCore({}, async (study) => {
    for (const name of ["prod/web", "dev/web", "dev/deep/web"]) {
      const shelf = new Shelf(study, name);
      await daily(study, shelf, ["v1", "pr-1", "v2", "pr-2"]);
    }
    const config: RetentionConfig = {
      rules: [
        { name: "production", repositories: ["prod/**"], tags: ["*"], keep: { always: true } },
        { name: "requests", repositories: ["**"], tags: ["pr-*"], keep: { newest: 1 } },
        { name: "dev", repositories: ["dev/*"], tags: ["*"], keep: { newest: 1 } },
      ],
    };
    const { items, summary } = await collect(retentionOf(study, config).simulate());
    const told = items.flatMap((item) =>
      item.kind === "tag"
        ? [`${item.repository} ${item.tag} ${item.action} ${item.rule} ${item.reason}`]
        : [],
    );
    assert.deepEqual(told.toSorted(), [
      "dev/deep/web pr-1 delete requests newest 2, beyond 1",
      "dev/deep/web pr-2 keep requests newest 1 of 1",
      "dev/deep/web v1 keep undefined no rule",
      "dev/deep/web v2 keep undefined no rule",
      "dev/web pr-1 delete requests newest 2, beyond 1",
      "dev/web pr-2 keep requests newest 1 of 1",
      "dev/web v1 delete dev newest 2, beyond 1",
      "dev/web v2 keep dev newest 1 of 1",
      "prod/web pr-1 keep production always",
      "prod/web pr-2 keep production always",
      "prod/web v1 keep production always",
      "prod/web v2 keep production always",
    ]);
    assert.deepEqual([summary.tagsKept, summary.tagsDeleted, summary.repositories], [9, 3, 3]);
  }));

test("a pull of the tag or of a member of the index keeps it", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await countPulls(study);
    const member = await shelf.image(["member"]);
    const never = await shelf.image(["never"], { tags: ["never"] });
    const early = await shelf.image(["early"], { tags: ["early"] });
    const late = await shelf.image(["late"], { tags: ["late"] });
    await shelf.index([member], ["index"]);
    await shelf.pulled(early);
    study.clock.time += 40 * DAY;
    await shelf.pulled(late);
    await shelf.pulled(member);
    study.clock.time += DAY;
    const { applied } = await simulateAndApply(study, keeping({ pulledWithinMs: 30 * DAY }));
    assert.deepEqual(applied.tags, [
      "early delete pulled 41 days ago, not within 30d",
      "index keep pulled 1 day ago, within 30d",
      "late keep pulled 1 day ago, within 30d",
      "never delete not pulled within 30d",
    ]);
    assert.ok(!(await shelf.contents()).manifests.includes(never));
  }));

test("where pulls are not known for long enough nothing goes for want of them", () =>
  withCore({}, async (study) => {
    const shelf = new Shelf(study);
    await shelf.image(["old"], { tags: ["old"] });
    const rules = keeping({ pulledWithinMs: 30 * DAY });
    study.clock.time += 100 * DAY;
    const told = async () => (await collect(retentionOf(study, rules).simulate())).tags;
    assert.deepEqual(await told(), ["old keep pulls are not counted"]);
    await countPulls(study);
    study.clock.time += 3 * DAY;
    assert.deepEqual(await told(), ["old keep pulls are counted for 3 days, not for 30d"]);
    study.clock.time += 20 * DAY;
    await shelf.image(["young"], { tags: ["young"] });
    study.clock.time += 7 * DAY;
    assert.deepEqual(await told(), [
      "old delete not pulled within 30d",
      "young keep pushed 7 days ago, not known for 30d",
    ]);
  }));

test("rules can be tried out, for some repositories, without being configured", () =>
  withCore({}, async (study) => {
    for (const name of ["a/one", "a/two", "b/one"]) await daily(study, new Shelf(study, name), ["v1", "v2"]);
    const retention = retentionOf(study);
    assert.deepEqual((await collect(retention.simulate())).tags, []);
    const request = { repositories: ["a/*"], rules: keeping({ newest: 1 }) };
    const { summary } = await collect(retention.simulate(request));
    assert.deepEqual([summary.repositories, summary.tagsKept, summary.tagsDeleted], [2, 2, 2]);
    const all = await collect(retention.simulate({ all: true }));
    assert.deepEqual([all.summary.repositories, all.tags[0]], [3, "v1 keep no rule"]);
    await assert.rejects(collect(retention.simulate({ repositories: [""] })), /glob/);
  }));

test("a repository that loses all its tags is named", () =>
  withCore({}, async (study) => {
    await daily(study, new Shelf(study, "all"), ["v1", "v2"]);
    await daily(study, new Shelf(study, "some"), ["v1", "v2"]);
    study.clock.time += DAY - 1;
    const { summary } = await collect(retentionOf(study, keeping({ pushedWithinMs: DAY })).simulate());
    assert.deepEqual(summary.emptied, ["all"]);
  }));
