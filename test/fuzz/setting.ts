// A registry with something in it to be asked for, and the question whether it is still well.
import { digestOf } from "../../src/oci/digest.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import type { Random } from "../support/random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import type { Known } from "./http-requests.ts";

const REPOSITORY = "fuzz/base";
const BLOB = Buffer.alloc(5000, "blob");

/** How many requests are under way at a time. */
const PARALLEL = 24;

/** What a test works with. */
export interface Setting {
  readonly registry: LocalRegistry;
  readonly http: HttpCaller;
  readonly random: Random;
  readonly known: Known;
  /** A manifest that can be pushed. */
  readonly manifest: Buffer;
}

/** Runs a test against a registry of its own. It must be well in the end, and have logged no mistake of its own. */
export async function withRegistry(random: Random, work: (setting: Setting) => Promise<void>): Promise<void> {
  const directory = await makeTemporaryDirectory();
  const timeouts = { progress: "1s", header: "1s", idle: "1s" };
  const registry = await LocalRegistry.start({ directory, timeouts });
  const http = new HttpCaller(registry.host);
  try {
    const { pid } = registry;
    const manifest = imageManifest({ config: BLOB, layers: [BLOB], note: "fuzz" });
    const setting = { registry, http, random, manifest, known: await pushAndPull(http, manifest) };
    await work(setting);
    http.close();
    await pushAndPull(http, manifest);
    if (registry.pid !== pid || !registry.isRunning()) throw new Error("the process has ended");
    const log = await registry.logText();
    if (log.includes("level=error"))
      throw new Error(`the registry has logged errors:\n${log.slice(0, 5000)}`);
  } finally {
    http.close();
    await registry.stop();
    await removeTemporaryDirectory(directory);
  }
}

/** Runs so many steps, some at a time. The choices must be made before the step waits for anything. */
export async function repeat(count: number, step: () => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      begun++;
      await step();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

async function pushAndPull(http: HttpCaller, manifest: Buffer): Promise<Known> {
  const blob = digestOf(BLOB);
  const root = `/v2/${REPOSITORY}`;
  await http.expect([201], { method: "POST", path: `${root}/blobs/uploads/?digest=${blob}`, body: BLOB });
  const headers = { "content-type": MANIFEST_TYPE };
  await http.expect([201], { method: "PUT", path: `${root}/manifests/latest`, headers, body: manifest });
  const pulled = await http.expect([200], { method: "GET", path: `${root}/manifests/latest` });
  const bytes = await http.expect([200], { method: "GET", path: `${root}/blobs/${blob}` });
  if (!pulled.body.equals(manifest) || !bytes.body.equals(BLOB)) throw new Error("other bytes came back");
  const session = await http.expect([202], { method: "POST", path: `${root}/blobs/uploads/` });
  const path = String(session.headers.location);
  return { repository: REPOSITORY, tag: "latest", blob, manifest: digestOf(manifest), session: path };
}
