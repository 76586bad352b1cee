// The one user of the registries that ask who calls, in the files that they read.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import argon2 from "@node-rs/argon2";
import bcrypt from "@node-rs/bcrypt";

const USER = "alice";

/** Keeps nothing secret: the registry is gone when the benchmark ends. */
const PASSWORD = "of the benchmark only";

/** Alice's name and password as an Authorization header. */
export const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

/** How a policy calls Alice. */
export const ALICE = `user:${USER}`;

/** A section `auth.htpasswd` for Alice; cost 10 is what distribution's documentation makes. */
export async function htpasswd(folder: string): Promise<object> {
  const path = join(folder, "htpasswd");
  await writeFile(path, `${USER}:${await bcrypt.hash(PASSWORD, 10)}\n`);
  return { realm: "benchmark", path };
}

/** A section `auth.users` for Alice, with argon2id. */
export async function users(folder: string): Promise<object> {
  const path = join(folder, "users.yml");
  const password = await argon2.hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  await writeFile(path, JSON.stringify({ users: { [USER]: { password } } })); // JSON is YAML
  return { realm: "benchmark", path };
}
