// What is kept and what is given up: deletion, collecting, scrubbing, purging, caches.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseByteSize } from "../../src/config/byte-size.ts";
import { complaints, file, read } from "./reading.ts";

const SIZES: Readonly<Record<string, number>> = {
  "0": 0,
  "1048576": 1_048_576,
  "20MiB": 20_971_520,
  "20 MiB": 20_971_520,
  "1.5GB": 1_500_000_000,
  "512KiB": 524_288,
  "1kB": 1000,
  "7B": 7,
};
for (const [text, bytes] of Object.entries(SIZES)) {
  test(`${text} is ${bytes} bytes`, () => assert.equal(parseByteSize(text), bytes));
}
for (const text of ["", "1.5", "MiB", "-1MiB", "20M", "20mib", "1e3", "9999999999TiB"]) {
  test(`"${text}" is no size`, () => assert.equal(parseByteSize(text), undefined));
}

/** What may stand there, and what of it differs from the defaults. */
const PURGING: readonly (readonly [string, object])[] = [
  ["{ enabled: true, age: 168h, interval: 24h, dryrun: false }", {}],
  ["{ age: 7d }", {}],
  ["{ enabled: false }", { enabled: false }],
  ["{ dryrun: true }", { dryRun: true }],
  ["", {}],
];
for (const [yaml, expected] of PURGING) {
  test(`uploadpurging: ${yaml || "nothing"}`, () => {
    const { config, withoutEffect } = read({
      yaml: file("storage:", "  maintenance:", `    uploadpurging: ${yaml}`),
    });
    const defaults = { enabled: true, ageMs: 604_800_000, intervalMs: 86_400_000, dryRun: false };
    assert.deepEqual(config.uploadPurging, { ...defaults, ...expected });
    assert.deepEqual(withoutEffect, []);
  });
}

const CACHES: readonly (readonly [string, object | undefined])[] = [
  ["{ blobdescriptor: inmemory }", { entries: 10_000 }],
  ["{ blobdescriptor: inmemory, blobdescriptorsize: 5 }", { entries: 5 }],
  ["{ blobdescriptor: none }", undefined],
  ["{ layerinfo: none }", undefined],
  ["{ layerinfo: inmemory, blobdescriptor: none }", undefined],
  ["{ layerinfo: none, blobdescriptor: inmemory }", { entries: 10_000 }],
];
for (const [yaml, expected] of CACHES) {
  test(`cache: ${yaml}`, () => {
    const { config } = read({ yaml: file(`storage: { cache: ${yaml} }`) });
    assert.deepEqual(config.blobDescriptorCache, expected);
  });
}

// Each is wrong below "storage"; the one complaint must match.
const WRONG: readonly (readonly [string, RegExp])[] = [
  [
    "cache: { blobdescriptor: redis }",
    /storage\.cache\.blobdescriptor .*not kept in Redis.*write inmemory, or none/,
  ],
  ["cache: { layerinfo: redis }", /storage\.cache\.layerinfo .*not kept in Redis/],
  ["cache: { blobdescriptor: disk }", /expected inmemory or none, found "disk"/],
  ["cache: { blobdescriptorsize: -1 }", /expected a whole number, at least 0, found -1/],
  ["delete: { referenced: maybe }", /expected refuse or allow, found "maybe"/],
  ["delete: { trash: 7 }", /for seconds write "7s"/],
  ["tag: { histroy: 1d }", /unknown key; did you mean storage\.tag\.history\?/],
  ["maintenance: { gc: { grace: 0 } }", /expected a duration above 0/],
  ["maintenance: { gc: { interval: 2d } }", /expected a duration.*at most 24h, found "2d"/],
  ["maintenance: { gc: { rate: 1.5 } }", /expected a whole number/],
  ["maintenance: { scrub: { rate: 20M } }", /expected a number of bytes.*found "20M"; write "20MiB"/],
  ["maintenance: { scrub: { rate: fast } }", /expected a number of bytes.*found "fast"$/],
  ["maintenance: { uploadpurging: { age: 0s } }", /expected a duration above 0/],
  [
    "maintenance: { uploadpurging: { dry-run: true } }",
    /did you mean storage\.maintenance\.uploadpurging\.dryrun\?/,
  ],
  ["maintenance: { readonly: true }", /readonly expected a map of keys, found true/],
];
for (const [line, expected] of WRONG) {
  test(`"storage: { ${line} }" is refused with a reason`, () => {
    const found = complaints({ yaml: file(`storage: { ${line} }`) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

test("variables reach them", () => {
  const { config } = read({
    environment: {
      REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true",
      REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: "none",
      REGISTRY_STORAGE_MAINTENANCE_GC_GRACE: "2d",
      REGISTRY_STORAGE_MAINTENANCE_SCRUB_RATE: "1MiB",
      REGISTRY_COMPATIBILITY_SCHEMA1_ENABLED: "true",
    },
  });
  assert.deepEqual(
    [config.readOnly, config.blobDescriptorCache, config.gc.graceMs, config.scrub.rate, config.schema1],
    [true, undefined, 172_800_000, 1_048_576, true],
  );
});

test("a driver in one word keeps what stands beside it", () => {
  const yaml = file(
    "storage: { maintenance: { readonly: { enabled: true } }, cache: { blobdescriptor: none } }",
  );
  const { config } = read({ yaml, environment: { REGISTRY_STORAGE: "inmemory" } });
  assert.deepEqual([config.storage.kind, config.readOnly], ["memory", true]);
});

test("a grace below an hour is warned of, unless nothing is collected", () => {
  const gc = (members: string) => read({ yaml: file(`storage: { maintenance: { gc: { ${members} } } }`) });
  assert.match(gc("grace: 59m").warnings.join(), /gc\.grace is below 1h/);
  assert.deepEqual(gc("grace: 1h").warnings, []);
  assert.deepEqual(gc("grace: 59m, enabled: false").warnings, []);
});
