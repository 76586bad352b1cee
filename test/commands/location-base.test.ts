// What stands before Location and Link, from the configuration.
import assert from "node:assert/strict";
import { test } from "node:test";
import { locationBase } from "../../src/commands/location-base.ts";
import { testConfig } from "../support/test-registry.ts";

const HOST = { REGISTRY_HTTP_HOST: "https://registry.test" };
const PREFIX = { REGISTRY_HTTP_PREFIX: "/images/" };

for (const [settings, expected] of [
  [{}, ""],
  [HOST, "https://registry.test"],
  [PREFIX, "/images"],
  [{ ...HOST, ...PREFIX }, "https://registry.test/images"],
  [{ ...HOST, ...PREFIX, REGISTRY_HTTP_RELATIVEURLS: "true" }, "/images"],
] as const)
  test(`with ${JSON.stringify(settings)} it is "${expected}"`, () =>
    assert.equal(locationBase(testConfig({ settings }))(), expected));
