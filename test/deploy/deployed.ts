// The files of deploy/ as an operator would use them, but for names, paths and ports.
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { parse } from "yaml";
import { hashPassword } from "../../src/auth/password-hash.ts";
import { MAIN } from "../support/local-registry.ts";
import { ServerProcess } from "../support/server-process.ts";

const DEPLOY = new URL("../../deploy/", import.meta.url);

/** What stands in the file, and what a test puts in its place. */
export type Changes = Readonly<Record<string, string>>;

/** The file's text with all changes made; throws when it has nothing to change: it is not that file any more. */
export async function deployed(name: string, changes: Changes): Promise<string> {
  let text = await readFile(new URL(name, DEPLOY), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`deploy/${name} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

export async function parseDeployed(name: string): Promise<unknown> {
  return parse(await readFile(new URL(name, DEPLOY), "utf8"));
}

export const PASSWORD = "correct horse";

export interface DeployedRegistryOptions {
  readonly directory: string;
  /** Below deploy/. */
  readonly config: string;
  readonly changes: Changes;
  /** Where it answers. */
  readonly port: number;
}

/** Starts a registry with one of the configurations; alice may push. */
export async function startRegistry(options: DeployedRegistryOptions): Promise<ServerProcess> {
  const { directory, config, port } = options;
  const users = join(directory, "users.yml");
  await writeFile(users, `users: {alice: {password: "${await hashPassword(PASSWORD)}"}}\n`);
  const changes = {
    "/var/lib/stowage": join(directory, "data"),
    "/etc/stowage/users.yml": users,
    ...options.changes,
  };
  const path = join(directory, config);
  await writeFile(path, await deployed(config, changes));
  const command = [process.execPath, MAIN, "serve", "--config", path];
  const ready = () => listens(port);
  return ServerProcess.start({ command, log: join(directory, `${config}.log`), ready });
}

/** True when somebody listens on that port of this machine. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
