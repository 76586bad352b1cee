// The people of the tests of logins, in the files that a registry reads them from.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import bcrypt from "@node-rs/bcrypt";
import { stringify } from "yaml";
import type { Login } from "./registry-clients.ts";

/** May do everything in team/** and public/**. */
export const ALICE: Login = { user: "alice", password: "alice's secret" };
/** May pull what is in team/**. */
export const BOB: Login = { user: "bob", password: "bob's:secret" };

/** What they may do, where a policy says it. */
export const POLICY = [
  { repositories: "public/**", who: "anyone", allow: "pull" },
  { repositories: ["public/**", "team/**"], who: "user:alice", allow: ["pull", "push"] },
  { repositories: "team/**", who: "authenticated", allow: "pull" },
  { repositories: "bob/**", who: "user:bob", allow: ["pull", "push"] },
] as const;

const hashes = new Map<string, Promise<string>>();

/** The same for the same password: who writes a file again changes nobody's. */
export function hashOf(password: string): Promise<string> {
  const known = hashes.get(password) ?? bcrypt.hash(password, 4); // the least there is
  hashes.set(password, known);
  return known;
}

/** An htpasswd file with these people. */
export async function writeHtpasswd(directory: string, people: readonly Login[]): Promise<string> {
  const path = join(directory, "htpasswd");
  const lines = people.map(async ({ user, password }) => `${user}:${await hashOf(password)}\n`);
  await writeFile(path, (await Promise.all(lines)).join(""));
  return path;
}

/** A users file with these people; `robots` stand in it as they are. */
export async function writeUsers(
  directory: string,
  people: readonly Login[],
  robots: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const path = join(directory, "users.yml");
  const users = people.map(
    async ({ user, password }) => [user, { password: await hashOf(password) }] as const,
  );
  await writeFile(path, stringify({ users: Object.fromEntries(await Promise.all(users)), robots }));
  return path;
}
