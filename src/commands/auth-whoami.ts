// stowage auth whoami: as whom the registry knows these credentials.
import { type GetIdentityResponse, GetIdentityResponseSchema } from "../gen/stowage/v1/auth_service_pb.ts";
import { askAuth } from "./auth-client.ts";
import { printLines, printWholeJson } from "./print.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { blockLines } from "./table.ts";
import { createView, type View } from "./view.ts";
import type { World } from "./world.ts";

export async function printIdentity(world: World, options: RemoteOptions): Promise<void> {
  const identity = await askAuth(options, (client) => client.getIdentity({}));
  if (options.json === true) return await printWholeJson(world.out, GetIdentityResponseSchema, identity);
  await printLines(
    world.out,
    identityLines(createView(world), { identity, source: options.credentials?.source }),
  );
}

interface Identity {
  readonly identity: GetIdentityResponse;
  /** Where the credentials came from. Absent: there are none but perhaps a client certificate. */
  readonly source: string | undefined;
}

function identityLines(view: View, { identity, source }: Identity): string[] {
  const { principal, groups, scopes, limited, expireTime } = identity;
  const [scope = limited ? "none: these credentials allow nothing" : "all that the policy allows", ...more] =
    scopes;
  return [
    view.paint("bold", principal),
    ...blockLines(view, [
      ...(source === undefined ? [] : ([["By", source]] as const)),
      ["Groups", groups.length === 0 ? "none" : groups.join(", ")],
      ["Scopes", scope, ...more],
      ["Ends", expireTime === undefined ? "not by itself" : view.fullTime(expireTime)],
    ]),
  ];
}
