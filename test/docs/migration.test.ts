// What docs/migration.md says: its scripts are run one after the other, as they stand but for names, paths and ports, with
// a registry of distribution's that serves all the time.
import assert from "node:assert/strict";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { parse } from "yaml";
import { FINDING_KINDS } from "../../src/maintenance/import/findings.ts";
import { CONTAINER_TOOLS, ContainerTools } from "../support/container-tools.ts";
import { DISTRIBUTION, DistributionRegistry } from "../support/distribution-registry.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { type RunResult, tryRun } from "../support/run.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";

const page = await Page.read("migration.md");
const TOOLS = ["bash", "curl", "jq", "sed", "tr", DISTRIBUTION, ...CONTAINER_TOOLS] as const;

test("docs/migration.md explains every kind of finding", () => {
  const kinds = page.section("What an import says").rows.map(([kind = ""]) => kind.replaceAll("`", ""));
  const named = kinds.filter((kind) => kind !== "kind" && !/^-+$/.test(kind));
  assert.deepEqual(named.toSorted(), [...FINDING_KINDS].toSorted());
});

suite("docs/migration.md", { skip: lacking(...TOOLS) }, () => {
  let directory: string;
  let old: DistributionRegistry;
  let stowage: ServerProcess | undefined;
  let host: string;
  let tools: ContainerTools;
  let layout: ImageLayout;

  before(async () => {
    directory = await makeTemporaryDirectory();
    for (const name of ["bin", "layout", "tools"]) await mkdir(join(directory, name));
    host = `127.0.0.1:${await freePort()}`;
    old = await DistributionRegistry.start({ directory });
    tools = await ContainerTools.create(join(directory, "tools"));
    layout = await ImageLayout.create(join(directory, "layout"));
    const command = join(directory, "bin/stowage");
    await writeFile(command, `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    await chmod(command, 0o755);
    await writeFile(join(directory, "stowage.yml"), text("stowage.yml"));
    await layout.addImage({ tag: "one", seed: "one" });
    await layout.addImage({ tag: "two", seed: "two" });
    await push("one", "acme/app:v1");
    await push("one", "acme/app:latest");
  });

  after(async () => {
    await stowage?.stop();
    await old.stop();
    await removeTemporaryDirectory(directory);
  });

  function text(name: string): string {
    return page
      .named(name)
      .replaceAll("/var/lib/registry", old.data)
      .replaceAll("registry.example.com", old.host)
      .replaceAll("127.0.0.1:5001", host);
  }

  async function run(name: string): Promise<RunResult> {
    const path = join(directory, name);
    await writeFile(path, text(name));
    const environment = { PATH: [join(directory, "bin"), process.env.PATH].join(delimiter), HOME: directory };
    const result = await tryRun(["bash", "-e", "-o", "pipefail", path], { cwd: directory, env: environment });
    if (result.code !== 0)
      throw new Error(`${name} ended with ${result.code}\n${result.stdout}${result.stderr}`);
    return result;
  }

  async function push(tag: string, name: string): Promise<void> {
    await tools.copy(`oci:${layout.directory}:${tag}`, `docker://${old.host}/${name}`);
  }

  async function serve(): Promise<void> {
    stowage = await ServerProcess.start({
      command: [process.execPath, MAIN, "serve", join(directory, "stowage.yml")],
      log: join(directory, "stowage.log"),
      ready: async () => (await fetch(`http://${host}/v2/`)).status === 200,
    });
  }

  test("look.sh tells what there is, and changes nothing", async () => {
    const { stdout } = await run("look.sh");
    assert.match(stdout, /^Would import from 1 repository: 2 tags, 1 manifest, 2 links$/m);
  });

  test("first.sh imports, and a trial has every tag", async () => {
    const { stdout } = await run("first.sh");
    assert.match(stdout, /^Imported from 1 repository: 2 tags, 1 manifest, 2 links\nBlobs: 2 by hard link/m);
    await serve();
    assert.equal((await run("compare.sh")).stdout, "");
    await push("two", "acme/app:latest");
    assert.equal((await run("compare.sh")).stdout, "acme/app:latest differs\n");
    await stowage?.stop();
  });

  test("with readonly.yml the old registry takes no pushes; last.sh brings what has come since", async () => {
    await old.stop();
    const { readonly } = parse(page.named("readonly.yml")).storage.maintenance;
    old = await DistributionRegistry.start({ directory, host: old.host, readOnly: readonly.enabled });
    await assert.rejects(push("two", "acme/app:v9"));
    assert.match((await run("last.sh")).stdout, /^Imported from 1 repository: 1 tag, 1 manifest, 2 links$/m);
    await serve();
    assert.equal((await run("compare.sh")).stdout, "");
  });

  test("back.sh copies to the old registry what was pushed to Stowage", async () => {
    await tools.copy(`oci:${layout.directory}:two`, `docker://${host}/acme/app:v2`);
    await old.stop();
    old = await DistributionRegistry.start({ directory, host: old.host });
    await run("back.sh");
    const manifest = await fetch(`http://${old.host}/v2/acme/app/manifests/v2`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    assert.equal(manifest.status, 200);
  });

  test("remove.sh removes the old tree and nothing of Stowage's", async () => {
    await old.stop();
    await run("remove.sh");
    const target = join(directory, "pulled");
    await rm(target, { recursive: true, force: true });
    await tools.copy(`docker://${host}/acme/app:v1`, `dir:${target}`);
  });
});
