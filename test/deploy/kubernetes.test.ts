// The manifests for Kubernetes: right by its schemas, without a field that it does not know, and in agreement with each
// other and with the configuration that they carry.
import assert from "node:assert/strict";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { isRawMap } from "../../src/config/raw-tree.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(ROOT, "deploy/kubernetes");
const MODULES = join(ROOT, "node_modules");

interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [member: string]: unknown;
}

const manifests = await readManifests();
const ours = manifests.filter(({ apiVersion }) => !apiVersion.includes(".coreos.com/"));
const operators = manifests.filter(({ apiVersion }) => apiVersion.includes(".coreos.com/"));

for (const { file, ...manifest } of ours)
  test(`${file}: ${manifest.kind} ${manifest.metadata.name} is valid`, async () => {
    const model = await import(`kubernetes-models/${manifest.apiVersion}`);
    new model[manifest.kind](manifest).validate();
  });

test("Kubernetes knows every field of them", async () => {
  const directory = await makeTemporaryDirectory();
  await symlink(MODULES, join(directory, "node_modules"));
  const lines = ours.map(
    ({ file: _, ...manifest }, index) =>
      `import type { I${manifest.kind} as T${index} } from "kubernetes-models/${manifest.apiVersion}";\n` +
      `export const manifest${index}: T${index} = ${JSON.stringify(manifest)};\n`,
  );
  await writeFile(join(directory, "package.json"), '{"type": "module"}');
  await writeFile(join(directory, "manifests.ts"), lines.join(""));
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--types", ""];
  const check = [join(MODULES, ".bin/tsc"), ...options, "manifests.ts"];
  try {
    await run([process.execPath, ...check], { cwd: directory });
    await writeFile(
      join(directory, "manifests.ts"),
      lines.join("").replaceAll("readOnlyRoot", "readonlyRoot"),
    );
    await assert.rejects(run([process.execPath, ...check], { cwd: directory }), /readonlyRootFilesystem/);
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

test("what the Prometheus operator reads has the fields of its documentation", () => {
  const monitor = find("ServiceMonitor", operators).spec;
  assert.ok(isRawMap(monitor) && Array.isArray(monitor.endpoints));
  assert.deepEqual(Object.keys(monitor).sort(), ["endpoints", "jobLabel", "selector"]);
  for (const endpoint of monitor.endpoints)
    assert.deepEqual(Object.keys(endpoint).sort(), ["interval", "path", "port"]);
  const { labels } = find("Service", ours, "stowage-debug").metadata as unknown as Labelled;
  assert.ok(isRawMap(monitor.selector) && isRawMap(monitor.selector.matchLabels));
  for (const [name, value] of Object.entries(monitor.selector.matchLabels)) assert.equal(labels[name], value);
  assert.equal(labels[String(monitor.jobLabel)], "stowage");
});

test("its rules are those of deploy/prometheus", async () => {
  const rules = parse(await readFile(join(ROOT, "deploy/prometheus/stowage.rules.yml"), "utf8"));
  assert.deepEqual(find("PrometheusRule", operators).spec, rules);
});

test("the configuration of the ConfigMap is one, without warnings, and fits the rest", () => {
  const { data } = find("ConfigMap", ours) as unknown as { readonly data: { readonly "config.yml": string } };
  const { config, warnings } = loadConfig({
    environment: {},
    readText: () => data["config.yml"],
    path: "config.yml",
  });
  assert.deepEqual(warnings, []);
  const pod = podSpec();
  const [container] = pod.containers;
  assert.ok(container !== undefined);
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  assert.ok("port" in config.http.address && config.http.address.port === ports.http);
  assert.equal(config.debug.address?.port, ports.debug);
  assert.ok(config.storage.kind === "filesystem");
  const mounts = new Map(container.volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  assert.equal(config.storage.rootDirectory, mounts.get("data"));
  const stopping = config.http.drainDelayMs + config.http.drainTimeoutMs;
  assert.ok(pod.terminationGracePeriodSeconds * 1000 > stopping);
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
    assert.equal(probe.grpc.port, ports.http);
  assert.deepEqual(
    [container.livenessProbe.grpc.service, container.readinessProbe.grpc.service],
    ["liveness", undefined],
  );
  for (const { name } of container.volumeMounts)
    assert.ok(name === "data" || pod.volumes.some((volume) => volume.name === name), name);
});

test("services and policies choose the pod, and name ports that it has", () => {
  const labels = { "app.kubernetes.io/name": "stowage" };
  const names = podSpec().containers.flatMap(({ ports }) => ports.map(({ name }) => name));
  for (const { spec } of ours.filter(({ kind }) => kind === "Service")) {
    const service = spec as {
      readonly selector: object;
      readonly ports: readonly { readonly targetPort: string }[];
    };
    assert.deepEqual(service.selector, labels);
    for (const { targetPort } of service.ports) assert.ok(names.includes(targetPort), targetPort);
  }
  for (const kind of ["NetworkPolicy", "PodDisruptionBudget"]) {
    const { podSelector, selector } = find(kind, ours).spec as Readonly<Record<string, unknown>>;
    assert.deepEqual(podSelector ?? selector, { matchLabels: labels });
  }
});

suite("kubectl", { skip: lacking("kubectl") }, () => {
  test("builds the kustomization, with the image's name put in", async () => {
    const { stdout } = await run(["kubectl", "kustomize", FOLDER]);
    const built: readonly Manifest[] = parseAllDocuments(stdout).map((document) => document.toJS());
    const kinds = ["ConfigMap", "NetworkPolicy", "Service", "Service", "ServiceAccount", "StatefulSet"];
    assert.deepEqual(built.map(({ kind }) => kind).sort(), kinds);
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    assert.match(stdout, new RegExp(`image: registry\\.example\\.com/stowage:${version}$`, "m"));
  });

  test("builds what is for the Prometheus operator", async () => {
    const { stdout } = await run(["kubectl", "kustomize", join(FOLDER, "monitoring")]);
    assert.match(stdout, /^kind: PrometheusRule$/m);
    assert.match(stdout, /^kind: ServiceMonitor$/m);
  });
});

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

interface Probe {
  readonly grpc: { readonly port: number; readonly service?: string };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly {
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
  }[];
}

/** What the schema has been asked about. */
function podSpec(): PodSpec {
  const { spec } = find("StatefulSet", ours) as unknown as {
    readonly spec: { readonly template: { readonly spec: PodSpec } };
  };
  return spec.template.spec;
}

function find(kind: string, among: readonly Manifest[], name = "stowage"): Manifest {
  const found = among.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found !== undefined, `there is no ${kind} ${name}`);
  return found;
}

async function readManifests(): Promise<readonly Manifest[]> {
  const files = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith(".yaml"));
  const all = files
    .filter((name) => !name.endsWith("kustomization.yaml"))
    .map(async (file) => {
      const text = await readFile(join(FOLDER, file), "utf8");
      return parseAllDocuments(text).map((document): Manifest => ({ file, ...document.toJS() }));
    });
  return (await Promise.all(all)).flat();
}
