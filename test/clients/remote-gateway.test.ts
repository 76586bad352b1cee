// Clients talk to a gateway in a process of its own, in front of the registry.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import type { ContainerTools } from "../support/container-tools.ts";
import type { ImageLayout } from "../support/image-layout.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { otherRegistry } from "../support/registry-process.ts";
import { manifestDigest } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";
import { ServerProcess } from "../support/server-process.ts";

const REASON =
  lacking("root", "unshare", "skopeo") || (otherRegistry !== undefined && "needs a registry with RPCs");

describe("a gateway in front of a remote registry", { skip: REASON }, () => {
  let bench: ClientWorkbench;
  let tools: ContainerTools;
  let gateway: ServerProcess;
  let host: string;
  let layout: ImageLayout;
  let index: Descriptor;

  before(async () => {
    bench = await ClientWorkbench.open();
    tools = await bench.containerTools();
    host = `127.0.0.1:${await freePort()}`;
    gateway = await ServerProcess.start({
      command: [process.execPath, MAIN, "gateway", "--upstream", bench.registry.url, "--addr", host],
      log: join(bench.directory, "gateway.log"),
      ready: async () => (await fetch(`http://${host}/v2/`)).ok,
    });
    layout = await bench.imageLayout();
    const image = { seed: "gateway", layers: 3, bytesPerLayer: 2_000_000 };
    index = await layout.addIndex("v1", [await layout.addImage(image)]);
  });

  after(async () => {
    await gateway?.stop();
    await bench.close();
  });

  it("takes a push that the registry serves", async () => {
    const name = `${bench.registry.repository("in")}:v1`;
    await copyAll(`oci:${layout.directory}:v1`, `docker://${host}/${name}`);
    const about = { url: bench.registry.url, repository: bench.registry.repository("in"), reference: "v1" };
    assert.equal(await manifestDigest(about), index.digest);
    await copyAll(`docker://${bench.registry.host}/${name}`, `dir:${await bench.ownDirectory("in")}`);
  });

  it("serves what was pushed to the registry", async () => {
    const name = `${bench.registry.repository("out")}:v1`;
    await copyAll(`oci:${layout.directory}:v1`, `docker://${bench.registry.host}/${name}`);
    await copyAll(`docker://${host}/${name}`, `dir:${await bench.ownDirectory("out")}`);
  });

  it("passes a deletion on", async () => {
    const name = `${bench.registry.repository("deleted")}:v1`;
    await copyAll(`oci:${layout.directory}:v1`, `docker://${host}/${name}`);
    await tools.skopeo("delete", "--tls-verify=false", `docker://${host}/${name}`);
    const about = {
      url: bench.registry.url,
      repository: bench.registry.repository("deleted"),
      reference: "v1",
    };
    assert.equal(await manifestDigest(about), undefined);
  });

  async function copyAll(from: string, to: string): Promise<void> {
    await tools.copy(from, to, "--all", "--preserve-digests");
  }
});
