// Readers whose events were removed, as real clients see it: what they asked for is
// gone, or goes while they read slowly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { withErrors } from "../../src/rpc/errors.ts";
import { eventService } from "../../src/rpc/event-service.ts";
import { Reception } from "../../src/rpc/reception.ts";
import type { MountServices } from "../../src/rpc/routes.ts";
import { startServer } from "../../src/server.ts";
import { rejects } from "../contract/services/harness.ts";
import { append, DESCRIPTOR, eventAt } from "../core/log.ts";
import { withCore } from "../core/study.ts";

type Run = (transport: Transport, metadata: MetadataStore) => Promise<void>;

async function overServer(
  routes: MountServices,
  connect: (baseUrl: string) => Transport,
  run: (transport: Transport) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const report = (error: unknown) => void failures.push(error);
  const server = await startServer({ host: "127.0.0.1", port: 0, routes, report });
  try {
    await run(connect(`http://127.0.0.1:${server.address.port}`));
  } finally {
    await server.close({ drainMs: 0 });
  }
  assert.deepEqual(failures, []);
}

const BODIES: Readonly<
  Record<string, (routes: MountServices, run: (transport: Transport) => Promise<void>) => Promise<void>>
> = {
  direct: (routes, run) => run(createDirectTransport(routes)),
  "Connect, HTTP/1.1": (routes, run) =>
    overServer(routes, (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }), run),
  "gRPC, HTTP/2": (routes, run) => overServer(routes, (baseUrl) => createGrpcTransport({ baseUrl }), run),
};

function check(name: string, run: Run): void {
  for (const [body, open] of Object.entries(BODIES)) {
    test(`${body}: ${name}`, () =>
      withCore({}, async ({ core, context }) => {
        const routes: MountServices = (router) => {
          const report = (error: unknown) => assert.fail(String(error));
          router.service(
            EventService,
            withErrors(EventService, eventService(core, { reception: new Reception({}) }), report),
          );
        };
        await open(routes, (transport) => run(transport, context.metadata));
      }));
  }
}

check(
  "a cursor whose events were removed has expired, and says which has not",
  async (transport, metadata) => {
    const events = createClient(EventService, transport);
    await append(
      metadata,
      Array.from({ length: 10 }, (_, index) => eventAt(index)),
    );
    await events.createConsumer({ consumer: "late", start: { case: "fromStart", value: {} } });
    await metadata.trimEvents(4);
    const start = { case: "afterCursor", value: "3" } as const;
    const first = async (stream: AsyncIterable<unknown>) => {
      for await (const message of stream) return message;
      return undefined;
    };
    for (const call of [
      () => events.listEvents({ afterCursor: "3" }),
      () => first(events.subscribe({ start })),
      () => events.createConsumer({ consumer: "new", start }),
      () => first(events.subscribe({ consumer: "late" })),
    ]) {
      const [metadataOfError] = await rejects(call(), Code.OutOfRange, "CURSOR_EXPIRED");
      assert.equal(metadataOfError?.oldest, "4");
    }
    const { consumers } = await events.listConsumers({});
    assert.deepEqual(
      consumers.map(({ name, expired }) => [name, expired]),
      [["late", true]],
    );
    assert.equal((await events.listEvents({ afterCursor: "4" })).events.length, 6);
    assert.equal((await events.listEvents({})).events[0]?.cursor, "5");
  },
);

check(
  "a slow subscriber that retention overtakes loses nothing without being told",
  async (transport, metadata) => {
    const events = createClient(EventService, transport);
    const tags = Array.from({ length: 1000 }, (_, index) => parseTag(`${index}`.padStart(100, "t")));
    // More than what lies in sockets on the way to a client that does not read.
    for (let index = 0; index < 20; index++) {
      const fact = { kind: "manifest_pushed", descriptor: DESCRIPTOR, tags } as const;
      await append(
        metadata,
        Array.from({ length: 20 }, () => eventAt(index, fact)),
      );
    }
    let last = 0;
    const read = async () => {
      for await (const { message } of events.subscribe({ start: { case: "fromStart", value: {} } })) {
        if (message.case !== "event") continue;
        assert.equal(Number(message.value.cursor), last + 1, "no event is skipped");
        if (last === 0) await metadata.trimEvents(400);
        last++;
      }
    };
    const [metadataOfError] = await rejects(read(), Code.OutOfRange, "CURSOR_EXPIRED");
    assert.deepEqual(metadataOfError?.oldest, "400");
    assert.ok(last > 0 && last < 400, `it got ${last} events`);
  },
);
