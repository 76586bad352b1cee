// A server that answers for one service as a test says, so that every state can
// be seen without waiting for it.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
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

/** Serves the given methods; the others are not implemented. With `tls` it is found as "localhost". */
export async function serveFake<S extends DescService>(
  service: S,
  methods: Partial<ServiceImpl<S>>,
  tls?: ServerOptions,
): Promise<FakeService> {
  const adapter = connectNodeAdapter({ routes: (router) => void router.service(service, methods) });
  const server = tls === undefined ? createServer(adapter) : createTlsServer(tls, adapter);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a registry says to who is nobody there, or not any more. */
export function unauthorized(message: string) {
  return toConnectError(new RegistryError("UNAUTHORIZED", { challenge: "Basic" }, { message }));
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
