// The services over the direct transport, on memory and on disk. Over HTTP they
// run in services-over-http.test.ts.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { servicesContract } from "../contract/services-contract.ts";
import { openTestRegistry } from "../support/test-registry.ts";

const KEEPALIVE_MS = 50;

servicesContract({
  name: "direct, memory",
  async open(settings = {}) {
    const registry = await openTestRegistry({ keepaliveMs: KEEPALIVE_MS, settings });
    return { transport: createDirectTransport(registry.routes), close: registry.close };
  },
});

servicesContract({
  name: "direct, LevelDB and files",
  async open(settings = {}) {
    const folder = await mkdtemp(join(tmpdir(), "stowage-services-"));
    const registry = await openTestRegistry({ folder, keepaliveMs: KEEPALIVE_MS, settings });
    return {
      transport: createDirectTransport(registry.routes),
      async close() {
        await registry.close();
        await rm(folder, { recursive: true });
      },
    };
  },
});
