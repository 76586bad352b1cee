// Named consumers over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { eventually } from "../../support/eventually.ts";
import { type Clients, pushBlob, rejects, type ServiceSuite, utf8, withRegistry } from "./harness.ts";
import { FROM_SNAPSHOT, FROM_START, outline, Subscription } from "./subscriptions.ts";

/** Pushes so many blobs into one repository, which makes one event more than that. */
async function push(clients: Clients, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await pushBlob(clients, "a", utf8(`blob ${index}`));
}

async function find({ events }: Clients, name: string) {
  const { consumers } = await events.listConsumers({});
  return consumers.find((one) => one.name === name) ?? assert.fail(`no consumer ${name}`);
}

export function consumerTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run));

  check("a consumer begins where it was told to, and is made only once", async (clients) => {
    await push(clients, 3);
    const begins = async (
      consumer: string,
      start?: Parameters<typeof clients.events.createConsumer>[0]["start"],
    ) => {
      const request = { consumer, ...(start !== undefined && { start }) };
      const { consumer: made, created } = await clients.events.createConsumer(request);
      assert.ok(made && created);
      assert.deepEqual(
        [made.name, made.connected, made.expired, made.acknowledgeTime],
        [consumer, false, false, undefined],
      );
      assert.equal(made.lag, 4n - BigInt(made.cursor));
      return made.cursor;
    };
    assert.equal(await begins("absent"), "4");
    assert.equal(await begins("now", { case: "fromNow", value: {} }), "4");
    assert.equal(await begins("start", FROM_START), "0");
    assert.equal(await begins("after", { case: "afterCursor", value: "2" }), "2");
    assert.equal(await begins("long-ago", { case: "fromTime", value: { seconds: 1n } }), "0");
    assert.equal(await begins("to-come", { case: "fromTime", value: { seconds: 99_999_999_999n } }), "4");
    const { created, consumer } = await clients.events.createConsumer({ consumer: "start" });
    assert.deepEqual([created, consumer?.cursor], [false, "0"]);
  });

  check("what is no consumer, or no cursor, is refused", async (clients) => {
    const { events } = clients;
    await rejects(events.createConsumer({ consumer: "a/b" }), Code.InvalidArgument, "CONSUMER_INVALID");
    const start = { case: "afterCursor", value: "5" } as const;
    await rejects(events.createConsumer({ consumer: "a", start }), Code.InvalidArgument, "CURSOR_INVALID");
    await rejects(
      events.acknowledgeEvents({ consumer: "a", cursor: "0" }),
      Code.NotFound,
      "CONSUMER_UNKNOWN",
    );
    await rejects(events.deleteConsumer({ consumer: "a" }), Code.NotFound, "CONSUMER_UNKNOWN");
    await rejects(new Subscription(clients, { consumer: "a" }).next(), Code.NotFound, "CONSUMER_UNKNOWN");
    await events.createConsumer({ consumer: "a" });
    for (const cursor of ["", "x", "1"])
      await rejects(
        events.acknowledgeEvents({ consumer: "a", cursor }),
        Code.InvalidArgument,
        "CURSOR_INVALID",
      );
    const subscribe = new Subscription(clients, { consumer: "a", start: FROM_START }).next();
    await rejects(subscribe, Code.InvalidArgument, "REQUEST_INVALID");
  });

  check("a consumer continues behind what it acknowledged", async (clients) => {
    await clients.events.createConsumer({ consumer: "c" });
    await push(clients, 5);
    const first = new Subscription(clients, { consumer: "c" });
    assert.deepEqual(outline(await first.take(4)), ["ready 0", "event 1", "event 2", "event 3"]);
    assert.equal((await find(clients, "c")).connected, true);
    const { consumer } = await clients.events.acknowledgeEvents({ consumer: "c", cursor: "2" });
    assert.deepEqual([consumer?.cursor, consumer?.lag], ["2", 4n]);
    assert.ok(consumer?.acknowledgeTime);
    await first.leave();
    await eventually("leaving", async () => ((await find(clients, "c")).connected ? undefined : true));
    const filter = { kinds: ["blob_pushed"] };
    const second = new Subscription(clients, { consumer: "c", filter });
    assert.deepEqual(outline(await second.take(3)), ["ready 2", "event 3", "event 4"]);
    await second.leave();
  });

  check("who subscribes as a consumer takes over, and deleting it ends the stream", async (clients) => {
    await clients.events.createConsumer({ consumer: "c" });
    const first = new Subscription(clients, { consumer: "c" });
    await first.next();
    const taken = rejects(first.next(), Code.Aborted, "CONSUMER_TAKEN");
    const second = new Subscription(clients, { consumer: "c" });
    await second.next();
    await taken;
    const deleted = rejects(second.next(), Code.NotFound, "CONSUMER_UNKNOWN");
    await clients.events.deleteConsumer({ consumer: "c" });
    await deleted;
    assert.deepEqual((await clients.events.listConsumers({})).consumers, []);
  });

  check("a consumer can begin anew with a snapshot", async (clients) => {
    await push(clients, 1);
    await clients.events.createConsumer({ consumer: "c" });
    const subscription = new Subscription(clients, { consumer: "c", start: FROM_SNAPSHOT });
    const messages = await subscription.until((message) => message.case === "snapshotEnd");
    assert.deepEqual(outline(messages), ["ready 2", "snapshotItem", "snapshotItem", "snapshotEnd 2"]);
    await subscription.leave();
  });

  check("consumers are listed page by page", async (clients) => {
    for (const consumer of ["b", "c", "a"]) await clients.events.createConsumer({ consumer });
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await clients.events.listConsumers({ pageSize: 2, pageToken });
      names.push(...page.consumers.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.deepEqual(names, ["a", "b", "c"]);
  });
}
