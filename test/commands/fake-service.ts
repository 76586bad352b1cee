// A server that answers for one service as a test says, so that every state can
// be seen without waiting for it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";

export interface FakeService {
  readonly url: string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Serves the given methods; the others are not implemented. */
export async function serveFake<S extends DescService>(
  service: S,
  methods: Partial<ServiceImpl<S>>,
): Promise<FakeService> {
  const server = createServer(
    connectNodeAdapter({ routes: (router) => void router.service(service, methods) }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a registry says about a webhook that is not configured. */
export function unknownWebhook(name: string) {
  return toConnectError(new RegistryError("WEBHOOK_UNKNOWN", { name }, { message: `no webhook "${name}"` }));
}

/** What a registry says about a cursor whose events are gone. */
export function expiredCursor(oldest: string) {
  const message = "the cursor is too old";
  return toConnectError(new RegistryError("CURSOR_EXPIRED", { cursor: "1", oldest }, { message }));
}
