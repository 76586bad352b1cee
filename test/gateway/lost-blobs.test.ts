// Blobs whose files went away, or were cut short, behind the registry's back: who asks for
// one is told so in whole, the operator is told, and the next push heals it.
import assert from "node:assert/strict";
import { rename, rm, symlink, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { blobPath } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { dataFolder } from "../../src/stores.ts";
import { noise } from "../support/generated-files.ts";
import { type Answer, HttpCaller } from "../support/http-caller.ts";
import { errorCodes } from "../support/oci-errors.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { openTestRegistry } from "../support/test-registry.ts";
import { GATEWAY_MODES, openGatewayServer } from "./gateway-server.ts";

const REPOSITORY = "lost/blobs";

interface Setting {
  readonly http: HttpCaller;
  /** What the registry logged as errors. */
  readonly lines: readonly string[];
}

type Settings = Readonly<Record<string, string>>;
type Mode = (typeof GATEWAY_MODES)[number];

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await makeTemporaryDirectory();
  try {
    await work(folder);
  } finally {
    await removeTemporaryDirectory(folder);
  }
}

async function withServer(
  { folder, mode, settings = {} }: { folder: string; mode: Mode; settings?: Settings },
  work: (setting: Setting) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const registry = await openTestRegistry({ folder, settings }, lines);
  const server = await openGatewayServer({ mode, registry });
  const http = new HttpCaller(server.host);
  try {
    await work({ http, lines });
  } finally {
    http.close();
    await server.close();
  }
}

const pathOf = (content: Buffer) => `/v2/${REPOSITORY}/blobs/${digestOf(content)}`;

const fileOf = (folder: string, content: Buffer) => blobPath(dataFolder(folder), digestOf(content));

async function push({ http }: Setting, content: Buffer): Promise<void> {
  const path = `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf(content)}`;
  await http.expect([201], { method: "POST", path, body: content });
}

function isUnknown(answer: Answer): void {
  assert.equal(answer.status, 404);
  assert.deepEqual(errorCodes(answer.body), ["BLOB_UNKNOWN"]);
}

const DAMAGES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  gone: (path) => rm(path),
  short: (path) => truncate(path, 500),
};

const REQUESTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  whole: {},
  "in part": { range: "bytes=700-799" },
  "in parts": { range: "bytes=0-9,700-799" },
};

for (const mode of GATEWAY_MODES) {
  for (const [state, damage] of Object.entries(DAMAGES)) {
    for (const [how, headers] of Object.entries(REQUESTS)) {
      for (const size of [1000, 300_000]) {
        test(`${mode}: a blob of ${size} bytes that is ${state}, read ${how}, is unknown until it is pushed again`, () =>
          withFolder((folder) =>
            withServer({ folder, mode }, async (setting) => {
              const { http, lines } = setting;
              const content = noise(`${state} ${how}`, size);
              const path = pathOf(content);
              await push(setting, content);
              await damage(fileOf(folder, content));
              isUnknown(await http.call({ method: "GET", path, headers }));
              assert.equal(lines.length, 1, lines.join(""));
              assert.ok(lines[0]?.includes(`blob ${digestOf(content)} is damaged`), lines[0]);
              assert.ok(!lines[0]?.includes(folder), lines[0]);
              await http.expect([404], { method: "HEAD", path });
              isUnknown(await http.call({ method: "GET", path }));
              assert.equal(lines.length, 1, "it is said once");
              await push(setting, content);
              const back = await http.expect([200], { method: "GET", path });
              assert.ok(back.body.equals(content));
            }),
          ));
      }
    }
  }

  test(`${mode}: a registry that only reads says so, and marks nothing`, () =>
    withFolder(async (folder) => {
      const content = noise("only read", 300_000);
      const path = pathOf(content);
      const file = fileOf(folder, content);
      await withServer({ folder, mode }, (setting) => push(setting, content));
      const settings = { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true" };
      await withServer({ folder, mode, settings }, async ({ http, lines }) => {
        await rename(file, join(folder, "elsewhere"));
        isUnknown(await http.call({ method: "GET", path }));
        assert.equal(lines.length, 1);
        await rename(join(folder, "elsewhere"), file);
        await http.expect([200], { method: "GET", path });
      });
    }));

  test(`${mode}: blobs whose whole disk is away are unavailable, and there again with it`, () =>
    withFolder((folder) =>
      withServer({ folder, mode }, async (setting) => {
        const { http, lines } = setting;
        const content = noise("unmounted", 300_000);
        const path = pathOf(content);
        await push(setting, content);
        await rename(join(dataFolder(folder), "blobs"), join(folder, "away"));
        const answer = await http.call({ method: "GET", path });
        assert.deepEqual([answer.status, errorCodes(answer.body)], [503, ["UNAVAILABLE"]]);
        assert.ok(lines[0]?.includes(`blob ${digestOf(content)} cannot be read`), lines[0]);
        await rename(join(folder, "away"), join(dataFolder(folder), "blobs"));
        await http.expect([200], { method: "GET", path });
      }),
    ));

  test(`${mode}: a file that cannot be opened is unavailable, with a line in the log`, () =>
    withFolder((folder) =>
      withServer({ folder, mode }, async (setting) => {
        const { http, lines } = setting;
        const content = noise("unreadable", 300_000);
        const path = pathOf(content);
        const file = fileOf(folder, content);
        await push(setting, content);
        await rename(file, join(folder, "elsewhere"));
        await symlink(file, file); // fails for root, too, which no permission does
        const answer = await http.call({ method: "GET", path });
        assert.deepEqual([answer.status, errorCodes(answer.body)], [503, ["UNAVAILABLE"]]);
        assert.ok(
          lines[0]?.includes(`blob ${digestOf(content)} cannot be read: open failed with ELOOP`),
          lines[0],
        );
        assert.ok(!lines[0]?.includes(folder), lines[0]);
        await rename(join(folder, "elsewhere"), file);
        await http.expect([200], { method: "GET", path });
      }),
    ));
}
