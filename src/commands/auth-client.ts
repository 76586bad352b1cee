// Asking a registry about identities, access and tokens.
import { type Client, createClient } from "@connectrpc/connect";
import { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import { askRegistry, type RemoteOptions } from "./remote-registry.ts";

export type AuthClient = Client<typeof AuthService>;

/** Calls the registry; what fails becomes a CommandFailure. */
export function askAuth<T>(options: RemoteOptions, ask: (client: AuthClient) => Promise<T>): Promise<T> {
  return askRegistry(options, (transport) => ask(createClient(AuthService, transport)));
}
