// What a configuration file allows somebody, without a running registry: the policy
// decides as it does there, with the groups and scopes of the files that it names.
import { type Explanation, explain } from "../auth/explain.ts";
import { Htpasswd } from "../auth/htpasswd.ts";
import { Policy } from "../auth/policy.ts";
import type { Principal } from "../auth/principal.ts";
import { Users } from "../auth/users.ts";
import type { AuthConfig } from "../config/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../oci/reference.ts";
import type { AccessQuestion } from "./auth-explain.ts";
import { readConfig } from "./read-config.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Decides by the file. Throws ConfigError; CommandFailure for a file of users that cannot be read. */
export async function explainByFile(
  world: World,
  { repository: name, ...asked }: AccessQuestion,
  path: string,
): Promise<Explanation> {
  const { auth } = readConfig(world, path).config;
  const repository = name === undefined ? undefined : parseRepository(name);
  const kept = await findKept(world, auth, asked.principal);
  // All certificates are in the same groups; who comes with a token brings its own.
  const shared = asked.principal.startsWith("cert:") ? (auth.certificates?.groups ?? []) : [];
  const question = {
    ...asked,
    groups: [...shared, ...asked.groups],
    ...(repository !== undefined && { repository }),
  };
  const answer = explain(question, { policy: new Policy(auth.policy), find: () => kept });
  if (auth.mode === "guarded") return answer;
  return { allowed: true, reason: OPEN[auth.mode], known: answer.known, groups: answer.groups };
}

const OPEN: Readonly<Record<Exclude<AuthConfig["mode"], "guarded">, string>> = {
  open: "there is no auth section, so everybody on this machine may do everything",
  none: "auth.none lets everybody do everything",
  silly: "auth.silly lets everybody do everything who sends an Authorization header",
};

/** Who is in the users file or the htpasswd file, and can log in. */
async function findKept(world: World, auth: AuthConfig, id: string): Promise<Principal | undefined> {
  const [, kind, name = ""] = /^(user|robot):(.+)$/s.exec(id) ?? [];
  if (kind !== "user" && kind !== "robot") return undefined;
  const report = () => undefined; // what is wrong with other lines of the file is not the question
  try {
    using stack = new DisposableStack();
    const users = auth.users && (await Users.open({ path: auth.users.path, now: world.now, report }));
    stack.defer(() => users?.close());
    const htpasswd = auth.htpasswd && (await Htpasswd.open({ path: auth.htpasswd.path, report }));
    stack.defer(() => htpasswd?.close());
    return users?.find(kind, name) ?? (kind === "user" ? htpasswd?.find(name) : undefined);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure(message, { exitCode: EXIT.usage, cause });
  }
}

function parseRepository(text: string): RepositoryName {
  try {
    return parseRepositoryName(text);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new CommandFailure(error.message, { exitCode: EXIT.usage, cause: error });
  }
}
