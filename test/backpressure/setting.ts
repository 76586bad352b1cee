// A registry of its own for each test of flow control, and what the tests ask of it.
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

export const REPOSITORY = "flow/test";

/** What a test works with. */
export interface Setting {
  readonly registry: LocalRegistry;
  readonly http: HttpCaller;
}

/** Runs a test against a registry; `progress` is how long a transfer may stand still. */
export async function withRegistry(
  options: { readonly progress?: string },
  work: (setting: Setting) => Promise<void>,
): Promise<void> {
  const directory = await makeTemporaryDirectory();
  const timeouts = options.progress === undefined ? {} : { progress: options.progress };
  const registry = await LocalRegistry.start({ directory, timeouts });
  const http = new HttpCaller(registry.host);
  try {
    await work({ registry, http });
  } finally {
    http.close();
    await registry.stop();
    await removeTemporaryDirectory(directory);
  }
}

/** Begins an upload session and returns its path. */
export async function createSession({ http }: Setting): Promise<string> {
  const path = `/v2/${REPOSITORY}/blobs/uploads/`;
  return String((await http.expect([202], { method: "POST", path })).headers.location);
}

/** How many bytes the session holds; "0-0" counts as none. */
export async function sessionSize({ http }: Setting, path: string): Promise<number> {
  const { headers } = await http.expect([204], { method: "GET", path });
  const last = Number(String(headers.range).split("-")[1]);
  return last === 0 ? 0 : last + 1;
}

/** Appends, as soon as nobody else holds the session, and returns what was answered. */
export async function appendWhenFree({ http }: Setting, path: string, body: Buffer): Promise<number> {
  return eventually("a free session", async () => {
    const { status } = await http.call({ method: "PATCH", path, body });
    return status === 400 ? undefined : status;
  });
}

/** Resolves when the process has no more than so many files and connections open. */
export async function untilFilesClosed({ registry, http }: Setting, most: number): Promise<void> {
  http.close();
  let seen = 0;
  const look = async () => {
    seen = await registry.openFiles();
    return seen <= most ? seen : undefined;
  };
  await eventually(`at most ${most} open files`, look, () => `(${seen} are open)`);
}

/** How many files and connections the process has open, once that does not change any more. */
export async function settledFiles({ registry }: Setting): Promise<number> {
  let last = await registry.openFiles();
  return eventually("a steady number of open files", async () => {
    await wait(300);
    const before = last;
    last = await registry.openFiles();
    return last === before ? last : undefined;
  });
}

/** Says how much memory the process has taken. */
export async function reportMemory(t: TestContext, { registry }: Setting): Promise<number> {
  const { now, peak } = await registry.memory();
  t.diagnostic(`memory: ${Math.round(now / 1e6)} MB, at most ${Math.round(peak / 1e6)} MB`);
  return peak;
}
