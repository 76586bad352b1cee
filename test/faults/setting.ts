// A registry on a small disk with something in it, and the pushes that the tests try, all written down in a ledger.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { EventReplay } from "../crash/event-replay.ts";
import type { InspectionParts } from "../crash/inspection.ts";
import { blobName, eventName, Ledger, manifestName, PRESENT, tagName } from "../crash/ledger.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { auditStores } from "../crash/store-audit.ts";
import { EventLogReader } from "../support/event-log.ts";
import { type Call, HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { Random } from "../support/random.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

/** Where the tests themselves push. */
export const REPOSITORY = "faults/kept";

/** LevelDB begins a new log when the one before has about this size, in bytes. */
const LOG_SIZE = 4 * 1024 * 1024;

const DISK_MEBIBYTES = 48;
const CONFIG = Buffer.from("{}");

/** What a test works with. */
export interface Setting {
  readonly disk: SmallDisk;
  /** Where the registry keeps everything. */
  readonly folder: string;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Takes 503 and 507 for refusals. */
  readonly http: HttpCaller;
  /** Takes them for failures. */
  readonly inspection: InspectionParts;
}

/** Runs a test against a registry on a disk of its own; in the end its stores must be in order. */
export async function withSmallDisk(
  t: TestContext,
  work: (setting: Setting) => Promise<void>,
): Promise<void> {
  const directory = await makeTemporaryDirectory();
  try {
    await onDisk(t, { disk: await SmallDisk.mount(directory, DISK_MEBIBYTES), directory }, work);
  } finally {
    await removeTemporaryDirectory(directory);
  }
}

async function onDisk(
  t: TestContext,
  { disk, directory }: { readonly disk: SmallDisk; readonly directory: string },
  work: (setting: Setting) => Promise<void>,
): Promise<void> {
  const random = Random.fromEnvironment("STOWAGE_FAULTS_SEED");
  t.diagnostic(`STOWAGE_FAULTS_SEED=${random.seed}`);
  const data = join(disk.path, "data");
  const folder = join(data, "stowage");
  const registry = await LocalRegistry.start({ directory, data });
  const callers = [new HttpCaller(registry.host, [503, 507]), new HttpCaller(registry.host)] as const;
  const ledger = new Ledger();
  const events = new EventLogReader(registry.url);
  const inspection = { http: callers[1], events, ledger, replay: new EventReplay() };
  const setting = { disk, folder, random, ledger, http: callers[0], inspection };
  try {
    await pushBlob(setting, CONFIG);
    await pushManifest(setting, { tag: "kept", content: newManifest(setting, 1000) });
    await work(setting);
  } finally {
    for (const caller of callers) caller.close();
    await registry.stop();
  }
  const { problems } = await auditStores(folder);
  assert.deepEqual(problems, []);
}

/** Pushes a blob in one request; throws Refused. */
export async function pushBlob(setting: Setting, body: Buffer): Promise<void> {
  const digest = digestOf(body);
  const attempt = {
    effects: [{ name: blobName(REPOSITORY, digest), value: PRESENT }],
    events: [eventName("blobPushed", REPOSITORY, digest)],
  };
  const path = `/v2/${REPOSITORY}/blobs/uploads/?digest=${digest}`;
  await change(setting, attempt, { method: "POST", path, body });
}

/** A manifest, to be pushed. */
export interface ManifestPush {
  /** Absent: REPOSITORY. */
  readonly repository?: string;
  readonly tag: string;
  readonly content: Buffer;
}

/** A manifest of about this size that nobody has pushed yet. */
export function newManifest({ random }: Setting, size: number): Buffer {
  return imageManifest({ config: CONFIG, layers: [], note: random.bytes(size / 2).toString("hex") });
}

/** Pushes a manifest made by newManifest; throws Refused. */
export async function pushManifest(setting: Setting, push: ManifestPush): Promise<void> {
  const { repository = REPOSITORY, tag, content: body } = push;
  const digest = digestOf(body);
  const attempt = {
    effects: [
      { name: manifestName(repository, digest), value: PRESENT },
      { name: tagName(repository, tag), value: digest },
    ],
    events: [
      eventName("manifestPushed", repository, digest),
      eventName("tagSet", repository, `${tag}=${digest}`),
    ],
  };
  const path = `/v2/${repository}/manifests/${tag}`;
  await change(setting, attempt, { method: "PUT", path, headers: { "content-type": MANIFEST_TYPE }, body });
}

/** Pushes a manifest that is here already to new repositories, so that only the catalogue grows, until that is refused. */
export async function fillLog(setting: Setting, content: Buffer): Promise<void> {
  for (let number = 0; number * content.length < 2 * LOG_SIZE; number++) {
    const repository = `faults/copy-${number}`;
    await mountConfig(setting, repository);
    await pushManifest(setting, { repository, tag: "copy", content });
  }
}

async function mountConfig(setting: Setting, repository: string): Promise<void> {
  const digest = digestOf(CONFIG);
  const attempt = {
    effects: [{ name: blobName(repository, digest), value: PRESENT }],
    events: [eventName("blobMounted", repository, digest)],
  };
  const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${REPOSITORY}`;
  await change(setting, attempt, { method: "POST", path });
}

async function change(
  { ledger, http }: Setting,
  attempt: Parameters<Ledger["record"]>[0],
  call: Call,
): Promise<void> {
  await ledger.record(attempt, async () => {
    await http.expect([201], call);
    return true;
  });
}
