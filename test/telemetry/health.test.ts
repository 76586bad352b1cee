// Checks that fail and recover, and what is said of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CheckStatus, Health, type HealthCheck } from "../../src/telemetry/health.ts";
import { eventually } from "../support/eventually.ts";

interface Watched {
  readonly health: Health;
  /** "name up", "name down" and the like, as they were reported. */
  readonly news: string[];
  readonly readiness: boolean[];
}

function watch(): Watched {
  const news: string[] = [];
  const readiness: boolean[] = [];
  const report = ({ name, isHealthy }: CheckStatus) => void news.push(`${name} ${isHealthy ? "up" : "down"}`);
  const health = new Health({ now: () => 1, report, changed: (isReady) => void readiness.push(isReady) });
  return { health, news, readiness };
}

/** A check that fails while the message is there. */
function checkOf(name: string, more: Partial<HealthCheck> = {}) {
  const state = { message: undefined as string | undefined, runs: 0 };
  const check: HealthCheck = {
    name,
    intervalMs: 1,
    timeoutMs: 10_000,
    threshold: 1,
    async check() {
      state.runs += 1;
      if (state.message !== undefined) throw new Error(state.message);
    },
    ...more,
  };
  return { state, check };
}

function stateOf({ health }: Watched, name: string): CheckStatus {
  const status = health.statuses.find((one) => one.name === name);
  assert.ok(status);
  return status;
}

const until = (what: string, holds: () => boolean) =>
  eventually(what, async () => (holds() ? true : undefined));

describe("readiness", () => {
  test("it takes a server that listens and checks that are well, and ends with draining", async () => {
    const watched = watch();
    const { health } = watched;
    const { check } = checkOf("a");
    assert.equal(health.isReady, false);
    await health.begin([check]);
    assert.equal(health.isReady, false);
    health.listening();
    assert.equal(health.isReady, true);
    health.draining();
    assert.equal(health.isReady, false);
    health.listening(); // too late
    assert.equal(health.isReady, false);
    await health.close();
    assert.deepEqual(watched.readiness, [true, false]);
    assert.equal(stateOf(watched, "server").message, "it is stopping");
  });

  test("what was not checked yet is not well", async () => {
    const { health } = watch();
    health.listening();
    let end = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const begun = health.begin([checkOf("a", { check: () => held }).check]);
    assert.equal(health.isReady, false);
    end();
    await begun;
    assert.equal(health.isReady, true);
    await health.close();
  });
});

describe("a check", () => {
  test("counts when it fails as often as its threshold, and not one time earlier", async () => {
    const watched = watch();
    const outcomes = [true, false, false, true, false, false, false];
    const seen: string[] = [];
    const { check } = checkOf("a", {
      threshold: 3,
      async check() {
        const { isHealthy, failures } = stateOf(watched, "a");
        seen.push(`${failures} ${isHealthy}`);
        if (outcomes.length > 0 && outcomes.shift() !== true) throw new Error("no");
      },
    });
    watched.health.listening();
    await watched.health.begin([check]);
    await until("the whole story", () => seen.length > 8);
    await watched.health.close();
    assert.deepEqual(seen.slice(0, 9), [
      "0 false",
      "0 true",
      "1 true",
      "2 true",
      "0 true",
      "1 true",
      "2 true",
      "3 false",
      "0 true",
    ]);
    assert.deepEqual(watched.news, ["a down", "a up"]);
    assert.deepEqual(watched.readiness, [true, false, true]);
  });

  test("that fails at first counts at once", async () => {
    const watched = watch();
    const { check, state } = checkOf("a", { threshold: 5 });
    state.message = "there is no disk";
    await watched.health.begin([check]);
    assert.equal(stateOf(watched, "a").isHealthy, false);
    assert.equal(stateOf(watched, "a").message, "there is no disk");
    state.message = undefined;
    await until("recovery", () => stateOf(watched, "a").isHealthy);
    await watched.health.close();
    assert.equal(stateOf(watched, "a").message, undefined);
  });

  test("that hangs fails in time, is not begun again meanwhile, and recovers when it ends", async () => {
    const watched = watch();
    let end = () => {};
    let runs = 0;
    const hang = async () => {
      runs += 1;
      if (runs > 1) return;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    };
    await watched.health.begin([checkOf("a", { check: hang, timeoutMs: 20 }).check]);
    assert.match(stateOf(watched, "a").message ?? "", /longer than 0.02 s/);
    assert.equal(runs, 1);
    end();
    await until("recovery", () => stateOf(watched, "a").isHealthy);
    await watched.health.close();
  });

  test("that goes on hanging fails as often as counts, though it does not end", async () => {
    const watched = watch();
    let end = () => {};
    let runs = 0;
    const hang = async () => {
      runs += 1;
      if (runs !== 2) return;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    };
    watched.health.listening();
    await watched.health.begin([checkOf("a", { check: hang, timeoutMs: 20, threshold: 3 }).check]);
    assert.equal(watched.health.isReady, true);
    await until("its failing", () => !watched.health.isReady);
    assert.ok(stateOf(watched, "a").failures >= 3);
    assert.equal(runs, 2);
    end();
    await until("recovery", () => stateOf(watched, "a").isHealthy);
    await watched.health.close();
    assert.deepEqual(watched.news, ["a down", "a up"]);
  });

  test("does not run any more once health is closed", async () => {
    const { health } = watch();
    const { check, state } = checkOf("a");
    await health.begin([check]);
    await health.close();
    const { runs } = state;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(state.runs, runs);
  });
});
