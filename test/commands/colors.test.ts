import assert from "node:assert/strict";
import { test } from "node:test";
import { hasColors } from "../../src/commands/colors.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { stowage } from "./cli.ts";
import { serveFake } from "./fake-service.ts";

test("a terminal has colours unless it cannot or its reader wants none; FORCE_COLOR decides before all", () => {
  const terminal = [
    {},
    { NO_COLOR: "" },
    { NO_COLOR: "1" },
    { TERM: "dumb" },
    { NO_COLOR: "1", FORCE_COLOR: "1" },
  ];
  assert.deepEqual(
    terminal.map((environment) => hasColors(environment, true)),
    [true, true, false, false, true],
  );
  const pipe = [{}, { FORCE_COLOR: "1" }, { FORCE_COLOR: "" }, { FORCE_COLOR: "0" }];
  assert.deepEqual(
    pipe.map((environment) => hasColors(environment, false)),
    [false, true, true, false],
  );
});

test("FORCE_COLOR gives a pipe colours, and times stay as they are in a pipe", async () => {
  await using server = await serveFake(EventService, {
    listConsumers: () => ({ consumers: [{ name: "a", cursor: "1", createTime: { seconds: 0n } }] }),
  });
  const args = ["consumers", "list", "--server", server.url];
  const { stdout, code, stderr } = await stowage(args, { FORCE_COLOR: "1" });
  assert.equal(code, 0, stderr);
  assert.ok(stdout.includes("\u001b[33maway"), stdout);
  assert.ok(stdout.includes("1970-01-01T00:00:00.000Z"), stdout);
});
