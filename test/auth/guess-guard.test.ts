// Guessing is slow, and nobody is locked out by it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Unauthorized } from "../../src/auth/credentials.ts";
import { GuessGuard, type GuessGuardOptions } from "../../src/auth/guess-guard.ts";
import { type Principal, principal } from "../../src/auth/principal.ts";
import { RegistryError } from "../../src/oci/errors.ts";

const alice = principal("user", "alice");

const STRANGER = "198.51.100.7";

const wrong = async () => undefined;

const right = async () => alice;

/** All that follows without a timer has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A guard with a clock of its own. */
class Scene {
  now = 0;
  readonly guard: GuessGuard;
  readonly delays: number[] = [];
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor(options: Partial<GuessGuardOptions> = {}) {
    this.guard = new GuessGuard({
      now: () => this.now,
      later: (run, milliseconds) => {
        const timer = { at: this.now + milliseconds, run };
        this.delays.push(milliseconds);
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      ...options,
    });
  }

  get pending(): number {
    return this.#timers.length;
  }

  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    for (const { at, run } of [...this.#timers]) if (at <= this.now) run();
    await settled();
  }

  /** The answer, or "waits" when there is none yet. */
  async answer(address: string | undefined, check: () => Promise<Principal | undefined>): Promise<unknown> {
    let answer: unknown = "waits";
    this.guard.run(address, check).then(
      (found) => {
        answer = found?.id ?? "wrong";
      },
      (error) => {
        answer = error;
      },
    );
    await settled();
    return answer;
  }

  /** Fails so often, and waits for each answer. */
  async fail(address: string | undefined, times: number): Promise<void> {
    for (let failure = 0; failure < times; failure++) {
      await this.answer(address, wrong);
      await this.pass(10_000);
    }
  }
}

function isTooMany(error: unknown): error is RegistryError {
  return error instanceof RegistryError && error.code === "TOOMANYREQUESTS";
}

test("the first wrong answers are given at once, further ones later and later, up to some seconds", async () => {
  const scene = new Scene();
  for (let failure = 0; failure < 3; failure++) assert.equal(await scene.answer(STRANGER, wrong), "wrong");
  assert.equal(await scene.answer(STRANGER, wrong), "waits");
  await scene.fail(STRANGER, 6);
  assert.deepEqual(scene.delays, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("an answer that is held back comes when its time is over", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 3);
  let answered = false;
  const answer = scene.guard.run(STRANGER, wrong).finally(() => {
    answered = true;
  });
  await settled();
  await scene.pass(499);
  assert.equal(answered, false);
  await scene.pass(1);
  assert.equal(await answer, undefined);
  assert.equal(scene.pending, 0);
});

test("a right password is answered at once, also from where somebody guesses", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 100);
  assert.equal(await scene.answer(STRANGER, wrong), "waits");
  assert.equal(await scene.answer(STRANGER, right), "user:alice");
});

test("a right password does not make up for guesses", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 3);
  await scene.answer(STRANGER, right);
  assert.equal(await scene.answer(STRANGER, wrong), "waits");
});

test("other addresses are not delayed; one IPv6 network is one address, and so are all without one", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 10);
  assert.equal(await scene.answer("198.51.100.8", wrong), "wrong");
  for (let host = 1; host <= 3; host++) await scene.answer(`2001:db8:1:2::${host}`, wrong);
  assert.equal(await scene.answer("2001:db8:1:2:a:b:c:d", wrong), "waits");
  assert.equal(await scene.answer("2001:db8:1:3::1", wrong), "wrong");
  await scene.fail(undefined, 3);
  assert.equal(await scene.answer(undefined, wrong), "waits");
});

test("an address without failures for a quarter of an hour is as good as new", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 10);
  scene.now += 889_999; // ten seconds have passed since the last
  assert.equal(await scene.answer(STRANGER, wrong), "waits");
  await scene.pass(900_000);
  assert.equal(await scene.answer(STRANGER, wrong), "wrong");
});

test("a credential that is refused by an error counts as wrong; other errors do not", async () => {
  const scene = new Scene();
  const refuse = async () => {
    throw new Unauthorized("expired", "invalid_token");
  };
  const fail = async () => {
    throw new Error("the disk is gone");
  };
  for (let time = 0; time < 10; time++) {
    const error = await scene.answer(STRANGER, fail);
    assert.ok(error instanceof Error && error.message === "the disk is gone");
  }
  for (let failure = 0; failure < 3; failure++)
    assert.ok((await scene.answer(STRANGER, refuse)) instanceof Unauthorized);
  assert.equal(await scene.answer(STRANGER, refuse), "waits");
});

test("an address with too many answers held back is refused before any check; others are not", async () => {
  const scene = new Scene({ maxPerAddress: 4 });
  await scene.fail(STRANGER, 10);
  for (let guess = 0; guess < 4; guess++) assert.equal(await scene.answer(STRANGER, wrong), "waits");
  let checks = 0;
  const counted = async () => {
    checks++;
    return alice;
  };
  const refused = await scene.answer(STRANGER, counted);
  assert.ok(isTooMany(refused));
  assert.equal(refused.metadata.retry_after, "8");
  assert.match(refused.message, /too many logins at a time from 198\.51\.100\.7; try again in 8 s/);
  assert.equal(checks, 0);
  assert.equal(await scene.answer("198.51.100.8", counted), "user:alice");
  await scene.pass(8000);
  assert.equal(await scene.answer(STRANGER, counted), "user:alice");
});

test("checks that run count for the address, too", async () => {
  const scene = new Scene({ maxPerAddress: 2, concurrency: 1 });
  const ends: (() => void)[] = [];
  const slow = () => new Promise<Principal>((resolve) => ends.push(() => resolve(alice)));
  assert.equal(await scene.answer(STRANGER, slow), "waits");
  assert.equal(await scene.answer(STRANGER, slow), "waits");
  const refused = await scene.answer(STRANGER, slow);
  assert.ok(isTooMany(refused));
  assert.equal(refused.metadata.retry_after, "1");
  assert.equal(ends.length, 1, "one at a time");
  ends.shift()?.();
  await settled();
  assert.equal(ends.length, 1);
  assert.equal(await scene.answer(STRANGER, slow), "waits");
});

test("few checks run at a time, and an address with one waits for one of each other at most", async () => {
  const scene = new Scene({ concurrency: 2 });
  let running = 0;
  let most = 0;
  const order: string[] = [];
  const check = (name: string) => async () => {
    most = Math.max(most, ++running);
    order.push(name);
    await settled();
    running--;
    return alice;
  };
  const stranger = Array.from({ length: 16 }, () => scene.guard.run(STRANGER, check("stranger")));
  const friend = scene.guard.run("192.0.2.1", check("friend"));
  await Promise.all([...stranger, friend]);
  assert.equal(most, 2);
  assert.ok(order.indexOf("friend") <= 3, order.join(" "));
});

test("ten thousand addresses, and ten times as many, take no more memory than the limit", async () => {
  const scene = new Scene();
  for (let index = 0; index < 100_000; index++)
    await scene.guard.run(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, wrong);
  assert.equal(scene.guard.size, 10_000);
  assert.equal(await scene.answer(STRANGER, wrong), "wrong");
});

test("addresses that come back cannot push out the ones that fail now", async () => {
  const scene = new Scene({ maxAddresses: 100 });
  for (let index = 0; index < 1000; index++) {
    await scene.guard.run(`10.0.${index >> 8}.${index & 255}`, wrong);
    if (index < 3) await scene.answer(STRANGER, wrong);
    else if (index % 50 === 0) assert.equal(await scene.answer(STRANGER, wrong), "waits");
    await scene.pass(8000);
  }
});

test("no more answers are held back than the limit", async () => {
  const scene = new Scene({ maxDelayed: 2 });
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
    for (let failure = 0; failure < 3; failure++) await scene.answer(address, wrong);
  assert.equal(await scene.answer("192.0.2.1", wrong), "waits");
  assert.equal(await scene.answer("192.0.2.2", wrong), "waits");
  assert.equal(await scene.answer("192.0.2.3", wrong), "wrong");
});

test("after close nothing is held back", async () => {
  const scene = new Scene();
  await scene.fail(STRANGER, 10);
  const held = scene.guard.run(STRANGER, wrong);
  await settled();
  scene.guard.close();
  assert.equal(await held, undefined);
  assert.equal(scene.pending, 0);
  assert.equal(await scene.answer(STRANGER, wrong), "wrong");
  assert.equal(scene.guard.size, 1, "nothing is under way");
});

test("the timer of its own ends, and is given up at close", async () => {
  const guard = new GuessGuard({ now: () => 0 });
  for (let failure = 0; failure < 3; failure++) await guard.run(STRANGER, wrong);
  assert.equal(await guard.run(STRANGER, wrong), undefined);
  for (let failure = 0; failure < 3; failure++) void guard.run(STRANGER, wrong).catch(() => undefined);
  const held = guard.run(STRANGER, wrong);
  await settled();
  guard.close();
  assert.equal(await held, undefined);
});
