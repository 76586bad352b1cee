// The registry is killed at random moments while clients push and others read its event log: webhooks whose receivers
// fail, are away, or get signed batches, and named consumers. What the log holds in the end, each of them must have had.
// STOWAGE_CRASH_SEED repeats the choices of a run, STOWAGE_CRASH_KILLS sets how often the registry dies.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { allCaughtUp } from "./caught-up.ts";
import { ConsumerReader } from "./consumer-reader.ts";
import type { EventReceiver } from "./event-receiver.ts";
import { Load } from "./load.ts";
import {
  checkAll,
  compare,
  dockerEndpoint,
  dockerReceiver,
  readLog,
  signedEndpoint,
  signedReceiver,
  summary,
} from "./log-readers.ts";
import { MoodyAnswers } from "./moody-answers.ts";

const KILLS = Number(process.env.STOWAGE_CRASH_KILLS ?? 50);
const WRITERS = 6;
/** How long the clients work before a kill, at most, in milliseconds. */
const LONGEST_WORK = 300;
/** Of so many kills, the receiver that is away now and then misses the last ones. */
const ABSENCE = { every: 10, from: 6 };

let directory: string;
before(async () => {
  directory = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(directory));

test("every reader has every event, in order, when the process is killed at random moments", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_CRASH_SEED");
  t.diagnostic(`STOWAGE_CRASH_SEED=${random.seed}`);
  const moods = new MoodyAnswers(random.fork());
  await using failing = await dockerReceiver("failing", moods.answer);
  await using away = await dockerReceiver("away");
  await using signed = await signedReceiver("signed");
  const endpoints = [dockerEndpoint(failing, 3), dockerEndpoint(away, 5), signedEndpoint(signed, 20)];
  const registry = await LocalRegistry.start({ directory, sections: { notifications: { endpoints } } });
  await using consumers = makeConsumers(registry.url, random);
  const { diligent, careless } = consumers;
  const readers = [failing, away, signed, diligent, careless];
  try {
    using load = await Load.start(registry, random.fork(), WRITERS);
    await diligent.start();
    await careless.start();
    for (let kill = 0; kill < KILLS; kill++) {
      await comeOrGo(away, kill);
      const duration = random.integer(5, LONGEST_WORK);
      const moment = random.chance(0.3) ? fatalAnswer(moods, duration, random) : wait(duration);
      await load.work(moment, () => registry.kill());
      if (random.chance(0.1)) await registry.startAndKill(random.integer(0, LONGEST_WORK));
      await registry.restart();
      await load.inspectChanges();
      checkAll(readers);
    }
    moods.failing = 0.02;
    await away.comeBack();
    await Promise.all([diligent.settleDown(), careless.settleDown()]);
    await allCaughtUp(registry.url, () => checkAll(readers));
    const log = await readLog(registry.url);
    const repeated = compare(log, { docker: [failing, away], whole: [signed, diligent, careless] });
    t.diagnostic(summary(log, repeated));
    assert.doesNotMatch(await registry.logText(), /level=error/);
    t.diagnostic(`streams: diligent ${diligent.streams}, careless ${careless.streams}`);
  } finally {
    await registry.stop();
  }
});

/** One that acknowledges each event, and one that acknowledges now and then and forgets the rest now and then. */
function makeConsumers(url: string, random: Random) {
  const sessionManager = new Http2SessionManager(url);
  const diligent = new ConsumerReader({
    name: "diligent",
    transport: createConnectTransport({ baseUrl: url, httpVersion: "1.1" }),
    random: random.fork(),
    habits: { acknowledging: 1, crashing: 0, isThorough: false },
  });
  const careless = new ConsumerReader({
    name: "careless",
    transport: createGrpcTransport({ baseUrl: url, sessionManager }),
    random: random.fork(),
    habits: { acknowledging: 0.05, crashing: 0.03, isThorough: false },
  });
  const stop = async () => {
    await Promise.all([diligent.stop(), careless.stop()]);
    sessionManager.abort();
  };
  return { diligent, careless, [Symbol.asyncDispose]: stop };
}

async function comeOrGo(receiver: EventReceiver, kill: number): Promise<void> {
  if (kill % ABSENCE.every < ABSENCE.from) await receiver.comeBack();
  else await receiver.leave();
}

/** After the duration, when a delivery is answered well that the registry may have no time to write down. */
async function fatalAnswer(moods: MoodyAnswers, duration: number, random: Random): Promise<void> {
  await wait(duration);
  await Promise.race([moods.nextArrival(), wait(LONGEST_WORK)]);
  await wait(random.integer(0, 5));
}
