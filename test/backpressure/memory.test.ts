// Many transfers at a time: memory does not grow with what is transferred. Counted is what they take beyond
// the process at rest, which is larger here than it is built: from TypeScript it starts with 40 MB more. Built,
// it rests at 100 MB, so that this limit keeps it under 300.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LargeBlob } from "./large-blob.ts";
import { REPOSITORY, reportMemory, withRegistry } from "./setting.ts";

const TRANSFERS = 32;
const MEBIBYTES = 16;
const LIMIT = 195_000_000;

test(`${TRANSFERS} pushes and pulls of ${MEBIBYTES} MiB at a time take less than 195 MB`, async (t) => {
  await withRegistry({}, async (setting) => {
    const { http, registry } = setting;
    const { now: atRest } = await registry.memory();
    const blobs = Array.from(
      { length: TRANSFERS },
      (_, number) => new LargeBlob(`memory ${number}`, MEBIBYTES),
    );
    const paths = await Promise.all(blobs.map((blob) => blob.push(http, REPOSITORY)));
    await Promise.all(blobs.map((blob, number) => blob.pull(http, paths[number] ?? "")));
    const both = blobs.flatMap((blob, number) => [
      blob.push(http, `${REPOSITORY}/again`),
      blob.pull(http, paths[number] ?? ""),
    ]);
    await Promise.all(both);
    const peak = await reportMemory(t, setting);
    assert.ok(peak - atRest < LIMIT, `the process took ${peak} bytes, ${atRest} before`);
  });
});
