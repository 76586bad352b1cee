// The files of deploy/ that are not run by proxies.test.ts: they can be read, and fit together.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { parseDeployed } from "./deployed.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);

interface TraefikRouter {
  readonly entryPoints: readonly string[];
  readonly service: string;
  readonly middlewares?: readonly string[];
  readonly tls: { readonly certResolver?: string };
}

interface TraefikBalancer {
  readonly serversTransport?: string;
  readonly servers: readonly object[];
}

interface TraefikSection {
  readonly routers: Readonly<Record<string, TraefikRouter>>;
  readonly services: Readonly<Record<string, { readonly loadBalancer: TraefikBalancer }>>;
  readonly middlewares?: Readonly<Record<string, unknown>>;
  readonly serversTransports?: Readonly<Record<string, unknown>>;
}

interface TraefikFiles {
  readonly http?: TraefikSection;
  readonly tcp?: TraefikSection;
  readonly entryPoints: Readonly<Record<string, unknown>>;
  readonly certificatesResolvers: Readonly<Record<string, unknown>>;
}

for (const name of ["behind-proxy.yml", "behind-passthrough.yml"])
  test(`deploy/${name} is a configuration without warnings`, async () => {
    const text = await readFile(new URL(name, DEPLOY), "utf8");
    const { config, warnings } = loadConfig({ environment: {}, readText: () => text, path: name });
    assert.deepEqual(warnings, []);
    assert.deepEqual(config.http.trustedProxies, ["127.0.0.1", "::1"]);
  });

test("the image's configuration asks who is there, where the image says that it listens and keeps its data", async () => {
  const text = await readFile(new URL("image/config.yml", DEPLOY), "utf8");
  const dockerfile = await readFile(new URL("image/Dockerfile", DEPLOY), "utf8");
  const { config } = loadConfig({ environment: {}, readText: () => text, path: "config.yml" });
  assert.equal(config.auth.mode, "guarded");
  assert.ok(config.storage.kind === "filesystem" && "port" in config.http.address);
  assert.ok(dockerfile.includes(`\nVOLUME ${config.storage.rootDirectory}\n`));
  assert.ok(dockerfile.includes(`\nEXPOSE ${config.http.address.port}\n`));
});

for (const name of ["dynamic.yml", "dynamic-passthrough.yml"])
  test(`deploy/traefik/${name} names only what it and traefik.yml have`, async () => {
    const files = [await parseDeployed("traefik/traefik.yml"), await parseDeployed(`traefik/${name}`)];
    const all: TraefikFiles = Object.assign({}, ...files);
    const section = all.http ?? all.tcp;
    assert.ok(section !== undefined);
    for (const { entryPoints, service, middlewares = [], tls } of Object.values(section.routers)) {
      for (const entryPoint of entryPoints) assert.ok(entryPoint in all.entryPoints, entryPoint);
      for (const middleware of middlewares) assert.ok(middleware in (section.middlewares ?? {}), middleware);
      if (tls.certResolver !== undefined) assert.ok(tls.certResolver in all.certificatesResolvers);
      const balancer: TraefikBalancer | undefined = section.services[service]?.loadBalancer;
      assert.equal(balancer?.servers.length, 1, service);
      const serversTransport = balancer?.serversTransport;
      if (serversTransport !== undefined) assert.ok(serversTransport in (section.serversTransports ?? {}));
    }
  });

test("proxies and configurations agree on where Stowage listens", async () => {
  const pairs = [
    ["behind-proxy.yml", "127.0.0.1:5000", ["nginx/stowage.conf", "caddy/Caddyfile", "traefik/dynamic.yml"]],
    [
      "behind-passthrough.yml",
      "127.0.0.1:5443",
      ["nginx/stowage-passthrough.conf", "traefik/dynamic-passthrough.yml"],
    ],
  ] as const;
  for (const [config, address, proxies] of pairs)
    for (const name of [config, ...proxies])
      assert.ok((await readFile(new URL(name, DEPLOY), "utf8")).includes(address), name);
});

test("the service of systemd gives a drain its time", async () => {
  const service = await readFile(new URL("systemd/stowage.service", DEPLOY), "utf8");
  const socket = await readFile(new URL("systemd/stowage.socket", DEPLOY), "utf8");
  const { config } = loadConfig({ environment: {}, readText: () => "" });
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(service) ?? [];
  assert.ok(Number(seconds) * 1000 > config.http.drainTimeoutMs);
  assert.match(service, /^Requires=stowage\.socket$/m);
  assert.match(socket, /^ListenStream=443$/m);
});
