// Traces of real servers arrive at a collector: one tree for each request, from the
// client's own step down to the stores.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { ContainerTools } from "../support/container-tools.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { freePort, LocalRegistry, MAIN } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type CollectedSpan, drawTree, TraceCollector } from "../support/trace-collector.ts";

interface Caller {
  readonly traceId: string;
  readonly spanId: string;
  readonly headers: Readonly<Record<string, string>>;
}

function caller(isSampled = true): Caller {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
  return { traceId, spanId, headers: { traceparent, tracestate: "vendor=opaque" } };
}

const SECRET = "not-to-be-told";

/** What docker does for an image of one blob, with a trace of its own for each request. */
async function push(url: string, repository: string): Promise<readonly [Caller, Caller, Caller]> {
  const callers = [caller(), caller(), caller()] as const;
  const [opening, closing, naming] = callers;
  const blob = Buffer.from("{}");
  const digest = digestOf(blob, "sha256");
  const authorization = `Basic ${Buffer.from(`user:${SECRET}`).toString("base64")}`;
  const opened = await fetch(`${url}/v2/${repository}/blobs/uploads/`, {
    method: "POST",
    headers: { ...opening.headers, authorization },
  });
  assert.equal(opened.status, 202);
  const location = new URL(opened.headers.get("location") ?? "", url);
  location.searchParams.set("digest", digest);
  const closed = await fetch(location, { method: "PUT", headers: closing.headers, body: blob });
  assert.equal(closed.status, 201);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest, size: blob.length },
    layers: [],
  });
  const named = await fetch(`${url}/v2/${repository}/manifests/v1`, {
    method: "PUT",
    headers: { ...naming.headers, "content-type": OCI_IMAGE_MANIFEST },
    body: manifest,
  });
  assert.equal(named.status, 201);
  return callers;
}

/** The first span of a request at a server. */
const isRequest = ({ kind, name }: CollectedSpan) => kind === "server" && /^[A-Z]+ /.test(name);

/** What a request must pass through, outermost first. */
function assertChain(spans: readonly CollectedSpan[], parentId: string, names: readonly RegExp[]): void {
  let above = parentId;
  for (const name of names) {
    const next = spans.find((span) => span.parentId === above && name.test(span.name));
    assert.ok(next, `no ${name} below ${above} in\n${drawTree(spans, parentId).join("\n")}`);
    above = next.spanId;
  }
}

/** Every span hangs on one below the caller, of which there is one. */
function assertOneTree(spans: readonly CollectedSpan[], parentId: string): void {
  assert.equal(drawTree(spans, parentId).length, spans.length, "spans hang loose");
  assert.equal(spans.filter((span) => span.parentId === parentId).length, 1, "there is more than one root");
  for (const { name, begin, end } of spans) assert.ok(begin <= end, `${name} ended before it began`);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Longer than spans wait to be sent. */
const DELIVERY_MS = 3000;

describe("traces", { concurrency: 3 }, () => {
  let directory: string;
  let collector: TraceCollector;
  let registry: LocalRegistry;
  const started: { stop(): Promise<void> }[] = [];

  const tracing = (more: object = {}) => ({
    otlp: { endpoint: collector.url, headers: { "x-api-key": `key-${SECRET}` } },
    ...more,
  });

  async function startRegistry(name: string, sections: object, http: object = {}): Promise<LocalRegistry> {
    const own = join(directory, name);
    await mkdir(own);
    const options = { directory: own, sections: { ...sections }, http: { ...http } };
    const local = await LocalRegistry.start(options);
    started.push(local);
    return local;
  }

  async function startGateway(
    upstream: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<string> {
    const host = `127.0.0.1:${await freePort()}`;
    const gateway = await ServerProcess.start({
      command: [process.execPath, MAIN, "gateway", "--upstream", upstream, "--addr", host],
      env: { ...process.env, ...variables },
      log: join(directory, `gateway-${host}.log`),
      ready: async () => (await fetch(`http://${host}/v2/`)).ok,
    });
    started.push(gateway);
    return `http://${host}`;
  }

  const traceOf = (who: Caller) =>
    collector.trace("the request", (span) => span.traceId === who.traceId && span.parentId === who.spanId);

  const spansOf = (who: Caller) => collector.spans.filter(({ traceId }) => traceId === who.traceId);

  before(async () => {
    directory = await makeTemporaryDirectory();
    collector = await TraceCollector.start();
    registry = await startRegistry("registry", { tracing: tracing() });
  });

  after(async () => {
    for (const server of started.reverse()) await server.stop();
    await collector[Symbol.asyncDispose]();
    await removeTemporaryDirectory(directory);
  });

  it("show each request of a push as one tree below its client's step", async () => {
    const callers = await push(registry.url, "team/app");
    const [opening, closing, naming] = callers;
    assert.deepEqual(drawTree(await traceOf(opening), opening.spanId), [
      "POST /v2/{name}/blobs/uploads/",
      "  stowage.v1.UploadService/CreateUpload",
      "    core.uploads.create",
      "      metadata.commit",
    ]);
    for (const [who, chain] of [
      [closing, [/^PUT .*uploads/, /WriteUpload$/, /^core\.uploads\./, /^uploads\.finish$/]],
      [closing, [/^PUT .*uploads/, /WriteUpload$/, /^core\.uploads\./, /^metadata\.commit$/]],
      [naming, [/^PUT .*manifests/, /PutManifest$/, /^core\.manifests\.put$/, /^blobs\.put$/]],
      [naming, [/^PUT .*manifests/, /PutManifest$/, /^core\.manifests\.put$/, /^metadata\.get$/]],
      [naming, [/^PUT .*manifests/, /PutManifest$/, /^core\.manifests\.put$/, /^metadata\.commit$/]],
    ] as const) {
      const spans = await traceOf(who);
      assertOneTree(spans, who.spanId);
      assertChain(spans, who.spanId, chain);
      for (const { traceState } of spans) assert.equal(traceState, "vendor=opaque");
      for (const span of spans) assert.equal(span.isFailed, false, `${span.name} failed`);
    }
  });

  it("say what was asked and answered, and nothing that is secret", async () => {
    const [opening, , naming] = await push(registry.url, "team/words");
    const [request] = (await traceOf(naming)).filter(isRequest);
    const { attributes, resource } = request ?? {};
    assert.deepEqual(
      {
        ...attributes,
        "stowage.request_id": typeof attributes?.["stowage.request_id"],
        "stowage.digest": typeof attributes?.["stowage.digest"],
      },
      {
        "http.request.method": "PUT",
        "http.route": "/v2/{name}/manifests/{reference}",
        "http.response.status_code": 201,
        "http.response.body.size": 0,
        "url.path": "/v2/team/words/manifests/v1",
        "url.scheme": "http",
        "client.address": "127.0.0.1",
        "user_agent.original": "node",
        "network.protocol.version": "1.1",
        "stowage.repository": "team/words",
        "stowage.reference": "v1",
        "stowage.request_id": "string",
        "stowage.digest": "string",
      },
    );
    assert.equal(resource?.["service.name"], "stowage");
    assert.match(String(resource?.["service.version"]), /^\d+\.\d+\.\d+/);
    assert.match(String(resource?.["service.instance.id"]), /^[0-9a-f-]{36}$/);
    const [call] = (await traceOf(naming)).filter(({ name }) => name.endsWith("PutManifest"));
    assert.deepEqual(call?.attributes, {
      "rpc.system": "connect_rpc",
      "rpc.service": "stowage.v1.ManifestService",
      "rpc.method": "PutManifest",
    });
    const told = JSON.stringify([await traceOf(opening), collector.spans], (_, value) =>
      typeof value === "bigint" ? String(value) : value,
    );
    for (const secret of [SECRET, Buffer.from(`user:${SECRET}`).toString("base64")])
      assert.equal(told.includes(secret), false, `${secret} is told`);
    for (const headers of collector.deliveries) assert.equal(headers["x-api-key"], `key-${SECRET}`);
  });

  it("say nothing that docs/tracing.md does not explain", async () => {
    const page = await readFile(new URL("../../docs/tracing.md", import.meta.url), "utf8");
    await traceOf((await push(registry.url, "team/page"))[2]);
    const names = new Set(collector.spans.flatMap(({ attributes }) => Object.keys(attributes)));
    assert.deepEqual(
      [...names].filter((name) => !page.includes(`\`${name}\``)),
      [],
    );
  });

  it("show a download until its last byte", async () => {
    const [, closing] = await push(registry.url, "team/down");
    const digest = (await traceOf(closing)).find(isRequest)?.attributes["stowage.digest"];
    const who = caller();
    const response = await fetch(`${registry.url}/v2/team/down/blobs/${digest}`, { headers: who.headers });
    assert.equal(await response.text(), "{}");
    const spans = await traceOf(who);
    assertOneTree(spans, who.spanId);
    assertChain(spans, who.spanId, [/^GET/, /ReadBlob$/, /^core\.blobs\.open$/, /^blobs\.read$/]);
  });

  it("show an RPC that comes over the network", async () => {
    const who = caller();
    const response = await fetch(`${registry.url}/stowage.v1.ManifestService/ListRepositories`, {
      method: "POST",
      headers: { ...who.headers, "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 200);
    const spans = await traceOf(who);
    assertOneTree(spans, who.spanId);
    const name = /ManifestService\/ListRepositories$/;
    assertChain(spans, who.spanId, [name, name, /^core\.lists\.repositories$/, /^metadata\.page$/]);
  });

  it("tell a failure from an answer that a client may get", async () => {
    const who = caller();
    const unknown = await fetch(`${registry.url}/v2/team/none/manifests/v1`, { headers: who.headers });
    assert.equal(unknown.status, 404);
    const spans = await traceOf(who);
    assert.deepEqual(
      spans.filter(({ isFailed }) => isFailed).map(({ name }) => name),
      [],
    );
    const call = spans.find(({ name }) => name.endsWith("GetManifest"));
    assert.equal(call?.attributes["rpc.connect_rpc.error_code"], "not_found");

    const broken = await startRegistry("broken", { tracing: tracing() });
    const [, closing] = await push(broken.url, "team/app");
    const digest = (await traceOf(closing)).find(isRequest)?.attributes["stowage.digest"];
    await rename(join(broken.data, "stowage/blobs"), join(broken.data, "stowage/away"));
    const failing = caller();
    const { headers } = failing;
    const lost = await fetch(`${broken.url}/v2/team/app/blobs/${digest}`, { headers });
    assert.equal(lost.status, 503);
    const failed = (await traceOf(failing)).filter(({ isFailed }) => isFailed);
    assert.deepEqual(failed.map(({ name }) => name).sort(), [
      "GET /v2/{name}/blobs/{digest}",
      "blobs.read",
      "core.blobs.open",
      "stowage.v1.BlobService/ReadBlob",
    ]);
    const read = failed.find(({ name }) => name === "blobs.read");
    assert.deepEqual(
      read?.events.map(({ name }) => name),
      ["exception"],
    );
    await rename(join(broken.data, "stowage/away"), join(broken.data, "stowage/blobs"));
  });

  it("go through a gateway in another process to its registry", async () => {
    const porch = await startGateway(registry.url, {
      REGISTRY_TRACING_OTLP_ENDPOINT: collector.url,
      REGISTRY_TRACING_SERVICENAME: "porch",
    });
    const [, closing, naming] = await push(porch, "team/far");
    const put = /ManifestService\/PutManifest$/;
    const write = /UploadService\/WriteUpload$/;
    for (const [who, chain] of [
      [
        naming,
        [/^PUT \/v2/, put, /^POST .*PutManifest$/, put, /^core\.manifests\.put$/, /^metadata\.commit$/],
      ],
      [closing, [/^PUT \/v2/, write, /^POST .*WriteUpload$/, write, /^core\.uploads/, /^uploads\.finish$/]],
    ] as const) {
      await collector.trace(
        "the registry",
        ({ traceId, name }) => traceId === who.traceId && /^core/.test(name),
      );
      await collector.trace(
        "the gateway",
        ({ traceId, name }) => traceId === who.traceId && /^PUT/.test(name),
      );
      const spans = spansOf(who);
      assertOneTree(spans, who.spanId);
      assertChain(spans, who.spanId, chain);
      const services = spans.map(({ kind, resource }) => `${kind} ${resource["service.name"]}`);
      assert.ok(services.includes("client porch"));
      assert.ok(services.includes("server stowage"));
    }
    const down = caller();
    const blob = await fetch(`${porch}/v2/team/far/blobs/${digestOf(Buffer.from("{}"), "sha256")}`, {
      headers: down.headers,
    });
    assert.equal(await blob.text(), "{}");
    await collector.trace(
      "the registry",
      ({ traceId, name }) => traceId === down.traceId && /^core/.test(name),
    );
    await collector.trace("its calls", ({ traceId, kind }) => traceId === down.traceId && kind === "client");
    await traceOf(down);
    assertOneTree(spansOf(down), down.spanId);
  });

  it("do not begin in the middle: what the gateway leaves out, its registry leaves out", async () => {
    const all = { tracing: tracing() };
    const behind = await startRegistry("behind", all, { trustedproxies: ["127.0.0.1"] });
    const porch = await startGateway(behind.url, {
      REGISTRY_TRACING_OTLP_ENDPOINT: collector.url,
      REGISTRY_TRACING_SAMPLING: "0",
    });
    const callers = await push(porch, "team/quiet");
    assert.equal((await fetch(`${porch}/v2/team/quiet/manifests/v1`)).status, 200);
    await pause(DELIVERY_MS);
    for (const who of callers) assert.deepEqual(spansOf(who), []);
    const ours = collector.spans.filter(({ attributes }) => Object.values(attributes).includes("team/quiet"));
    assert.deepEqual(ours, []);
  });

  it("are made of whom the share takes, and of whom a trusted proxy names", async () => {
    const none = { tracing: tracing({ sampling: 0 }) };
    const closed = await startRegistry("closed", none);
    const strangers = await push(closed.url, "team/app");
    const trusting = await startRegistry("trusting", none, { trustedproxies: ["127.0.0.1"] });
    const known = await push(trusting.url, "team/app");
    for (const who of known) assertOneTree(await traceOf(who), who.spanId);
    const declining = caller(false);
    await fetch(`${trusting.url}/v2/`, { headers: declining.headers });
    await pause(DELIVERY_MS);
    for (const who of [...strangers, declining]) assert.deepEqual(spansOf(who), []);
  });

  it("of a push by skopeo are one tree for each request", {
    skip: lacking("root", "unshare", "skopeo"),
  }, async () => {
    const tools = await ContainerTools.create(join(directory, "tools"));
    const layout = await ImageLayout.create(join(directory, "layout"));
    await layout.addImage({ tag: "v1", seed: "traces", layers: 2 });
    await tools.copy(`oci:${layout.directory}:v1`, `docker://${registry.host}/team/skopeo:v1`);
    const isOurs = ({ attributes }: CollectedSpan) => attributes["stowage.repository"] === "team/skopeo";
    await collector.trace("the push", (span) => isOurs(span) && /^PUT .*manifests/.test(span.name));
    const requests = collector.spans.filter((span) => isRequest(span) && isOurs(span));
    const methods = new Set(requests.map(({ name }) => name.split(" ")[0]));
    for (const method of ["HEAD", "POST", "PATCH", "PUT"]) assert.ok(methods.has(method), `no ${method}`);
    for (const { traceId, parentId } of requests) {
      assert.equal(parentId, "");
      const spans = collector.spans.filter((span) => span.traceId === traceId);
      assertOneTree(spans, "");
      assertChain(spans, "", [/^[A-Z]+ \/v2/, /^stowage\.v1\./, /^core\./, /^(metadata|uploads|blobs)\./]);
    }
  });

  for (const { what, endpoint } of [
    { what: "is away", endpoint: async () => `http://127.0.0.1:${await freePort()}` },
    { what: "never answers", endpoint: () => silentServer(started) },
  ])
    it(`cost nobody anything when the collector ${what}`, async () => {
      const name = what.replaceAll(" ", "-");
      const otlp = { endpoint: await endpoint(), timeout: "1s" };
      const log = { level: "info", accesslog: { disabled: true } };
      const local = await startRegistry(name, { tracing: { otlp }, log });
      for (let round = 0; round < 3; round += 1) {
        await push(local.url, "team/app");
        await pause(DELIVERY_MS);
      }
      await local.stop();
      const lines = (await readFile(local.log, "utf8")).split("\n");
      const complaints = lines.filter((line) => /traces could not be delivered/.test(line));
      // The first at once, what came since when it ends.
      assert.ok(complaints.length === 1 || complaints.length === 2, lines.join("\n"));
      for (const line of complaints) assert.match(line, /^time=.* level=warn .*count=\d+/);
      assert.equal(lines.filter((line) => /level=(error|fatal)/.test(line)).length, 0, lines.join("\n"));
      assert.ok(
        lines.some((line) => /msg=stopped/.test(line)),
        lines.join("\n"),
      );
    });
});

describe("without a collector in the configuration", { skip: lacking("strace") }, () => {
  /** What a process and its threads connect to over networks, and what they load of OpenTelemetry but its types. */
  async function observe(
    variables: Readonly<Record<string, string>>,
  ): Promise<{ connects: number; loads: number }> {
    const directory = await makeTemporaryDirectory();
    const host = `127.0.0.1:${await freePort()}`;
    const report = join(directory, "strace");
    const serve = [process.execPath, MAIN, "serve"];
    const server = await ServerProcess.start({
      command: ["strace", "-f", "-I2", "-qq", "-e", "trace=connect,openat", "-o", report, ...serve],
      env: {
        ...process.env,
        REGISTRY_HTTP_ADDR: host,
        REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: directory,
        ...variables,
      },
      log: join(directory, "log"),
      ready: async () => (await fetch(`http://${host}/v2/`)).ok,
    });
    try {
      await push(`http://${host}`, "team/app");
      await pause(DELIVERY_MS);
    } finally {
      await server.stop();
    }
    const lines = (await readFile(report, "utf8")).split("\n");
    await removeTemporaryDirectory(directory);
    return {
      connects: lines.filter((line) => /connect\(\d+, \{sa_family=AF_INET6?/.test(line)).length,
      loads: lines.filter((line) => /node_modules\/@opentelemetry\/(?!api\/)/.test(line)).length,
    };
  }

  it("nobody is connected to, whatever OTEL_ variables say, and nothing is loaded", async () => {
    await using collector = await TraceCollector.start();
    const environment = {
      OTEL_SDK_DISABLED: "false",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      OTEL_EXPORTER_OTLP_HEADERS: "stray=1",
      OTEL_TRACES_SAMPLER: "always_on",
      OTEL_SERVICE_NAME: "stray",
      OTEL_RESOURCE_ATTRIBUTES: "stray=1",
    };
    assert.deepEqual(await observe(environment), { connects: 0, loads: 0 });
    assert.deepEqual(collector.deliveries, []);

    // The same look at one that traces sees both, and that the variables still mean nothing.
    const on = await observe({ ...environment, REGISTRY_TRACING_OTLP_ENDPOINT: collector.url });
    assert.ok(on.connects > 0 && on.loads > 0);
    assert.ok(collector.spans.length > 0);
    assert.deepEqual(
      collector.deliveries.map(({ stray }) => stray).filter((value) => value !== undefined),
      [],
    );
    for (const { resource } of collector.spans)
      assert.deepEqual(Object.keys(resource).sort(), [
        "service.instance.id",
        "service.name",
        "service.version",
      ]);
  });
});

/** Takes connections, and says nothing. */
async function silentServer(started: { stop(): Promise<void> }[]): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  started.push({
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
