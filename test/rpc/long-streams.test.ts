// What a stream that lives for days holds on to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import {
  EventFilterSchema,
  EventService,
  SubscribeRequestSchema,
} from "../../src/gen/stowage/v1/event_service_pb.ts";
import { eventService } from "../../src/rpc/event-service.ts";
import { Reception } from "../../src/rpc/reception.ts";
import { withCore } from "../core/study.ts";

test("a subscription lets go of what it does not know of its request", () =>
  withCore({}, async ({ core }) => {
    const unknown = () => [{ no: 1000, wireType: 2, data: new Uint8Array(1_000_000) }];
    const request = create(SubscribeRequestSchema, { filter: create(EventFilterSchema) });
    request.$unknown = unknown();
    if (request.filter !== undefined) request.filter.$unknown = unknown();
    const leave = new AbortController();
    const context = createHandlerContext({
      service: EventService,
      method: EventService.method.subscribe,
      protocolName: "connect",
      requestMethod: "POST",
      url: "http://test/",
      contextValues: createContextValues(),
      requestSignal: leave.signal,
    });
    const messages = eventService(core, { reception: new Reception({}) })
      .subscribe(request, context)
      [Symbol.asyncIterator]();
    await messages.next();
    assert.equal(request.$unknown, undefined);
    assert.equal(request.filter?.$unknown, undefined);
    leave.abort();
    await messages.next().catch(() => undefined);
  }));
