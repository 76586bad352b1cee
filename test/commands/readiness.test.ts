// Readiness of a real process when something goes wrong: it says no before clients are
// told so, it goes on with what it can do, and it stays alive.
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { freePort, LocalRegistry } from "../support/local-registry.ts";
import { lackingNetwork, PrivateNetwork } from "../support/private-network.ts";
import { run, tryRun } from "../support/run.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { stowage } from "./cli.ts";
import { push } from "./push.ts";

const MIB = 1024 * 1024;

let directory: string;
let registry: LocalRegistry | undefined;
let port: number;

beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  registry = undefined;
});
afterEach(async () => {
  await registry?.stop();
  await removeTemporaryDirectory(directory);
});

interface Starting {
  readonly http?: Readonly<Record<string, unknown>>;
  readonly storage?: Readonly<Record<string, unknown>>;
  readonly data?: string;
}

async function start({ http = {}, storage = {}, data }: Starting = {}): Promise<LocalRegistry> {
  port = await freePort();
  registry = await LocalRegistry.start({
    directory,
    http: { debug: { addr: port }, ...http },
    sections: { health: { storagedriver: { interval: "100ms", minfree: "8MiB", ...storage } } },
    ...(data !== undefined && { data }),
  });
  return registry;
}

/** What the debug listener says of health. */
async function ask(
  page: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${port}/debug/health${page}`);
  return { status: response.status, body: Object(await response.json()) };
}

/** "SERVING" and the like, of grpc.health.v1. */
async function askRpc(url: string, service = ""): Promise<unknown> {
  const response = await fetch(`${url}/grpc.health.v1.Health/Check`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ service }),
  });
  return Object(await response.json()).status;
}

/** The names of the checks that fail, once readiness is as it should be. */
const untilReady = (isReady: boolean) =>
  eventually(`readiness ${isReady}`, async () => {
    const { status, body } = await ask("");
    return (status === 200) === isReady ? Object.keys(body) : undefined;
  });

const pull = (url: string) => fetch(`${url}/v2/acme/app/manifests/v1`).then(({ status }) => status);

async function assertAlive(url: string): Promise<void> {
  assert.equal((await ask("/live")).status, 200);
  assert.equal(await askRpc(url, "liveness"), "SERVING");
}

describe("on a small disk", { skip: whyNoSmallDisk() }, () => {
  test("it is unready before the disk is full, and pulls go on when it is", async () => {
    const disk = await SmallDisk.mount(directory, 64);
    const { url } = await start({ data: join(disk.path, "data") });
    await push(url, "acme/app", "v1", "one");
    assert.deepEqual(await untilReady(true), []);
    assert.equal(await askRpc(url), "SERVING");

    await disk.fillUp(4 * MIB);
    assert.deepEqual(await untilReady(false), ["storage_space"]);
    assert.equal((await ask("/ready")).status, 503);
    assert.equal(await askRpc(url), "NOT_SERVING");
    assert.equal(await askRpc(url, "stowage.v1.ManifestService"), "NOT_SERVING");
    await assertAlive(url);
    await push(url, "acme/app", "v2", "two"); // no client has seen an error yet

    await disk.empty();
    await disk.fillUp();
    await eventually("a push that fails", async () => {
      const upload = `${url}/v2/acme/app/blobs/uploads/`;
      const { status } = await fetch(upload, { method: "POST" });
      return status === 202 ? undefined : status;
    });
    assert.equal(await pull(url), 200);
    assert.equal((await ask("/ready")).status, 503);
    await assertAlive(url);

    await disk.empty();
    assert.deepEqual(await untilReady(true), []); // nobody had to push for that
    assert.equal(await askRpc(url), "SERVING");
    await push(url, "acme/app", "v3", "three");
  });
});

test("a catalogue that another process could open makes it unready", async () => {
  const { url, data } = await start();
  await push(url, "acme/app", "v1", "one");
  await untilReady(true);
  const lock = join(data, "stowage", "metadata", "LOCK");
  await rm(lock);
  assert.deepEqual(await untilReady(false), ["catalogue"]);
  await writeFile(lock, "");
  const { catalogue } = (await ask("")).body;
  assert.match(String(catalogue), /folder has gone|not locked by this process any more/);
  assert.equal((await ask("/ready")).status, 503);
  assert.equal(await pull(url), 200);
  await assertAlive(url);
  const log = await eventually("a line of the log", async () => {
    const text = await readFile(join(directory, "registry.log"), "utf8");
    return text.includes("a health check fails") ? text : undefined;
  });
  assert.match(log, /check=catalogue/);
});

test("told to stop it is unready at once, and takes requests until the delay is over", async () => {
  const local = await start({ http: { draindelay: "4s" } });
  const { url, pid } = local;
  await push(url, "acme/app", "v1", "one");
  await untilReady(true);
  // Held open over the whole of it: its end is no connection that is refused.
  const upload = holdUpload(url);
  await upload.begun;
  process.kill(pid, "SIGTERM");
  assert.deepEqual(await untilReady(false), ["server"]);
  assert.equal(await askRpc(url), "NOT_SERVING");
  assert.equal(await askRpc(url, "liveness"), "SERVING");
  await push(url, "acme/app", "v2", "two");
  assert.equal(await pull(url), 200);

  await eventually("a closed port", () =>
    fetch(`${url}/v2/`).then(
      () => undefined,
      () => true,
    ),
  );
  // The upload still runs, and so does the process: it answers that it is alive.
  await assertNotReadyButAlive();
  upload.finish();
  assert.equal(await upload.status, 202);
  await eventually("its end", async () => (local.isRunning() ? undefined : true));
});

async function assertNotReadyButAlive(): Promise<void> {
  assert.equal((await ask("/live")).status, 200);
  const { status, body } = await ask("");
  assert.deepEqual([status, body], [503, { server: "it is stopping" }]);
}

/** An upload that has sent half of what it promised. */
function holdUpload(url: string) {
  const begun = fetch(`${url}/v2/acme/app/blobs/uploads/`, { method: "POST" }).then((response) => {
    const location = new URL(response.headers.get("location") ?? "", url);
    const sent = request(location, {
      method: "PATCH",
      headers: { "content-type": "application/octet-stream", "content-length": "4" },
    });
    sent.write("ab");
    return sent;
  });
  const status = begun.then(
    (sent) =>
      new Promise<number | undefined>((resolve, reject) => {
        sent.once("response", (response) => resolve(response.resume().statusCode)).once("error", reject);
      }),
  );
  return { begun, status, finish: () => void begun.then((sent) => sent.end("cd")) };
}

test("stowage health says the same, from both ports", async () => {
  const { url, data } = await start();
  const health = (...args: string[]) => stowage(["health", ...args]);
  const ready = { code: 0, stdout: "ready\n", stderr: "" };
  await untilReady(true);
  assert.deepEqual(await health("--server", url), ready);
  assert.deepEqual(await health("--debug", String(port)), ready);
  await rm(join(data, "stowage", "metadata", "LOCK"));
  await untilReady(false);
  const no = await health("--server", url);
  assert.deepEqual([no.code, no.stdout], [1, ""]);
  assert.match(no.stderr, /it is not ready; its debug listener and its log say why/);
  const why = await health("--debug", `127.0.0.1:${port}`);
  assert.equal(why.code, 1);
  assert.match(why.stderr, /it is not ready\n {2}catalogue: the catalogue's folder has gone/);
  assert.deepEqual(await health("--server", url, "--live"), { ...ready, stdout: "alive\n" });
  assert.deepEqual(await health("--debug", String(port), "--live"), { ...ready, stdout: "alive\n" });
  await registry?.stop();
  const gone = await health("--server", url);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /nobody listens there/);
});

describe("from another machine", () => {
  test("profiles and configuration are refused, and the rest is told", async (t) => {
    const reason = await lackingNetwork();
    if (reason !== false) return t.skip(reason);
    const network = await PrivateNetwork.open(join(directory, "network"));
    t.after(() => network.close());
    const { place } = network;
    const open = (profiles: string) =>
      LocalRegistry.start({
        directory,
        place,
        http: { debug: { addr: "0.0.0.0:5001", profiles } },
        sections: { auth: { none: {} } },
      });
    const curl = async (host: string, path: string) => {
      const command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", `http://${host}:5001${path}`];
      return (await run([...network.enter, ...command])).stdout;
    };
    const guarded = ["/debug/config", "/debug/profile/cpu?seconds=0.05", "/debug/profile/heap?seconds=0.05"];
    const expected = { local: ["403", "200"], everyone: ["200", "200"], off: ["404", "404"] };
    for (const [profiles, [distant, near]] of Object.entries(expected)) {
      registry = await open(profiles);
      for (const path of guarded) {
        assert.equal(await curl("192.0.2.10", path), distant, `${profiles} ${path}`);
        assert.equal(await curl("127.0.0.1", path), near, `${profiles} ${path}`);
      }
      for (const path of ["/debug/health", "/debug/vars"])
        assert.equal(await curl("registry.test", path), "200");
      await registry.stop();
    }
  });

  test("a port alone cannot be reached", async (t) => {
    const reason = await lackingNetwork();
    if (reason !== false) return t.skip(reason);
    const network = await PrivateNetwork.open(join(directory, "network"));
    t.after(() => network.close());
    registry = await LocalRegistry.start({
      directory,
      place: network.place,
      http: { debug: { addr: ":5001" } },
      sections: { auth: { none: {} } },
    });
    const reach = (host: string) =>
      tryRun([...network.enter, "curl", "-s", "-o", "/dev/null", `http://${host}:5001/debug/health`]);
    assert.equal((await reach("127.0.0.1")).code, 0);
    assert.equal((await reach("192.0.2.10")).code, 7); // it could not connect
  });
});
