// Which requests are traced.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sampling } from "../../src/telemetry/sampling.ts";

/** Lots in turn, and a clock that is set by hand. */
function sampling({ share = 0, rate = 0, parentRate = 100, lots = [0.5] }) {
  let drawn = 0;
  const clock = { ms: 0 };
  const random = () => lots[drawn++ % lots.length] ?? 0;
  return { clock, sampling: new Sampling({ share, rate, parentRate, random, now: () => clock.ms }) };
}

describe("sampling", () => {
  it("takes a share by lot", () => {
    const { sampling: half } = sampling({ share: 0.5, lots: [0, 0.49, 0.5, 0.99] });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => half.byLot()),
      [true, true, false, false],
    );
  });

  it("takes nothing at 0, and everything at 1", () => {
    assert.equal(sampling({ share: 0, lots: [0] }).sampling.byLot(), false);
    assert.equal(sampling({ share: 1, lots: [0.999999] }).sampling.byLot(), true);
  });

  it("takes so many by lot a second at most", () => {
    const { clock, sampling: limited } = sampling({ share: 1, rate: 2 });
    const take = () => limited.byLot();
    assert.deepEqual([take(), take(), take()], [true, true, false]);
    clock.ms = 500;
    assert.deepEqual([take(), take()], [true, false]);
    assert.equal(limited.asDecided(true), true, "callers who count have their own number");
  });

  it("follows its callers, whatever the share", () => {
    assert.equal(sampling({ share: 0 }).sampling.asDecided(true), true);
    assert.equal(sampling({ share: 1 }).sampling.asDecided(false), false);
  });

  it("follows them so many times a second, and then goes by the share", () => {
    const { clock, sampling: followed } = sampling({ share: 0, parentRate: 2 });
    const take = () => followed.asDecided(true);
    assert.deepEqual([take(), take(), take()], [true, true, false]);
    clock.ms = 500;
    assert.deepEqual([take(), take()], [true, false]);
    clock.ms = 60_000;
    assert.deepEqual([take(), take(), take()], [true, true, false], "no more than a second's worth is saved");
    assert.equal(sampling({ share: 1, parentRate: 1 }).sampling.asDecided(true), true);
  });

  it("follows nobody at a rate of 0", () => {
    assert.equal(sampling({ share: 0, parentRate: 0 }).sampling.asDecided(true), false);
    assert.equal(sampling({ share: 1, parentRate: 0 }).sampling.asDecided(false), true);
  });
});
