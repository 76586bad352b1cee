// The file of users and robots: YAML, read as strictly as the configuration.
//
//   users:
//     alice:
//       password: $argon2id$v=19$…
//       groups: [dev]
//   robots:
//     ci:
//       password: $2b$10$…
//       scopes: ["repository:acme/**:pull,push"]
//       expires: 2027-01-01
import { z } from "zod";
import type { ResourceActions } from "../oci/access.ts";
import { parseAllowedScope } from "./allowed-scope.ts";
import { parseExpiry } from "./expiry.ts";
import { acts, FLAG, flag, reject } from "./key.ts";
import { keyTable } from "./key-table.ts";
import { suggest } from "./nearest.ts";
import { PASSWORD_HASH, parsePasswordHash } from "./password-hash.ts";
import { ConfigError } from "./problem.ts";
import { formatPath, isRawMap, type RawPath } from "./raw-tree.ts";
import { readTable, type ValueProblem } from "./read-table.ts";
import { listOf } from "./text-schemas.ts";
import { parseYamlFile } from "./yaml-file.ts";

/** Somebody who logs in with a name and a password. */
export interface Account {
  /** The hash of the password. Secret. */
  readonly password: string;
  readonly groups: readonly string[];
  /** From then on, in milliseconds since 1970, nobody can log in. Absent: it does not end. */
  readonly expireTime?: number;
  readonly disabled: boolean;
  /** All that it may do of what the policy allows; names are globs. Absent: all of that. */
  readonly scopes?: readonly ResourceActions[];
}

/** Accounts by name. */
export interface UsersFile {
  readonly users: ReadonlyMap<string, Account>;
  readonly robots: ReadonlyMap<string, Account>;
}

const KINDS = ["users", "robots"] as const;

/** Throws ConfigError with everything that is wrong; it repeats neither hashes nor what may be a password. */
export function parseUsersFile(name: string, text: string): UsersFile {
  const file = parseYamlFile(name, text);
  const { problems, ...users } = file.problems.length > 0 ? NOTHING : readUsers(file.value);
  const all = [
    ...file.problems,
    ...problems.map(({ path, message }) => ({
      path: formatPath(plainPart(path)),
      where: file.locate(path),
      message: concealHashes(message),
    })),
  ];
  if (all.length > 0) throw new ConfigError(all, "the users file");
  return users;
}

interface Reading extends UsersFile {
  readonly problems: readonly ValueProblem[];
}

const NOTHING: Reading = { users: new Map(), robots: new Map(), problems: [] };

function readUsers(root: unknown): Reading {
  if (!isRawMap(root)) {
    const found = root === undefined || root === null ? "it is empty" : "it is something else";
    return {
      ...NOTHING,
      problems: [{ path: [], message: `expected a map with users and robots; ${found}` }],
    };
  }
  const unknown = Object.keys(root).filter((key) => !KINDS.some((kind) => kind === key));
  const problems = unknown.map((key) => ({
    path: [key],
    message: `unknown key; ${suggest(key, KINDS, ".")}`,
  }));
  const users = readAccounts(root.users, ["users"]);
  const robots = readAccounts(root.robots, ["robots"]);
  return {
    users: users.accounts,
    robots: robots.accounts,
    problems: [...problems, ...users.problems, ...robots.problems, ...shared(users, robots)],
  };
}

/** Both log in by their bare name. */
function shared(users: AccountsReading, robots: AccountsReading): readonly ValueProblem[] {
  return [...robots.accounts.keys()]
    .filter((name) => users.accounts.has(name))
    .map((name) => ({
      path: ["robots", name],
      message: `a user has the name "${name}", too; choose another`,
    }));
}

interface AccountsReading {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly problems: readonly ValueProblem[];
}

function readAccounts(node: unknown, path: RawPath): AccountsReading {
  const accounts = new Map<string, Account>();
  if (node === undefined || node === null) return { accounts, problems: [] };
  if (!isRawMap(node)) return { accounts, problems: [{ path, message: "expected a map of names" }] };
  const problems: ValueProblem[] = [];
  for (const [name, entry] of Object.entries(node)) {
    const at = [...path, name];
    if (!NAME.test(name)) problems.push({ path: at, message: `expected ${A_NAME}` });
    const reading = readAccount(entry);
    problems.push(...reading.problems.map((problem) => ({ ...problem, path: [...at, ...problem.path] })));
    if (reading.account !== undefined) accounts.set(name, reading.account);
  }
  return { accounts, problems };
}

function readAccount(entry: unknown): {
  readonly account?: Account;
  readonly problems: readonly ValueProblem[];
} {
  if (!isRawMap(entry)) return { problems: [{ path: [], message: "expected a map with a password" }] };
  const { values, given, problems } = readTable(ACCOUNT, entry);
  const missing = given.has("password")
    ? []
    : [{ path: ["password"], message: `it is missing; expected ${PASSWORD_HASH}` }];
  const { password, groups, expires, disabled, scopes } = values;
  if (password === undefined || problems.length > 0) return { problems: [...problems, ...missing] };
  const account = {
    password,
    groups: [...new Set(groups)],
    ...(expires !== undefined && { expireTime: expires }),
    disabled,
    ...(scopes !== undefined && { scopes }),
  };
  return { account, problems };
}

const A_NAME = 'a name of at most 128 characters without ":", spaces and control characters';

const NAME = /^[^:\s\p{C}]{1,128}$/u;

const hash = z.string().transform((value, context) => {
  try {
    if (parsePasswordHash(value) !== undefined) return value;
    return reject(context, "a password itself must not stand there");
  } catch (error) {
    return reject(context, error instanceof Error ? error.message : undefined);
  }
});

const expiry = z.string().transform((value, context) => parseExpiry(value) ?? reject(context));

const ACCOUNT = keyTable({
  password: acts({
    schema: hash.optional(),
    type: PASSWORD_HASH,
    secret: true,
    meaning: "Required. The hash of the password.",
  }),
  groups: acts({
    schema: z.array(z.string().regex(NAME)).default([]),
    type: `a list of groups, each ${A_NAME}`,
    meaning: "What the policy's `group:NAME` goes by.",
  }),
  expires: acts({
    schema: expiry.optional(),
    type: 'a day such as 2027-01-01, whose end in UTC is meant, or a time such as "2027-01-01T12:00:00Z"',
    meaning: "When nobody can log in any more. Absent: never.",
  }),
  disabled: acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning: "Whether nobody can log in.",
  }),
  scopes: acts({
    schema: listOf(parseAllowedScope).optional(),
    // With nothing behind the colon it must not allow everything.
    bare: true,
    type: 'a list of scopes, such as "repository:acme/**:pull,push" or "registry:catalog:*"',
    meaning: "All that may be done with it, of what the policy allows. Absent: all of that. Empty: nothing.",
  }),
});

/** The path as far as it can hold no password that slipped into the place of a name. */
function plainPart(path: RawPath): RawPath {
  const end = path.findIndex((part) => !/^[\w.@-]{1,64}$/.test(String(part)));
  return end === -1 ? path : path.slice(0, end);
}

/** A hash in the wrong line is not repeated either. */
function concealHashes(message: string): string {
  return message.replaceAll(/\$[A-Za-z0-9-]+\$[^\s"…]{8,}/g, "…");
}
