// The engine in memory keeps the promises of every engine.
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { testEngine } from "../contract/engine-contract.ts";
import { testMetadataStore } from "../contract/metadata-store-contract.ts";

testEngine("memory", async () => {
  const engine = await openMemoryEngine();
  return { engine, dispose: () => engine.close() };
});

testMetadataStore("memory", async () => {
  const metadata = new Catalogue(await openMemoryEngine());
  return { metadata, dispose: () => metadata.close() };
});

// The same answers, however few of the newest events are in memory.
for (const tailEvents of [0, 3]) {
  testMetadataStore(`memory, a tail of ${tailEvents} events`, async () => {
    const metadata = new Catalogue(await openMemoryEngine(), { tailEvents });
    return { metadata, dispose: () => metadata.close() };
  });
}
