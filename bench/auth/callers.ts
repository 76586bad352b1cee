// Who calls in `npm run bench:auth`: how each one's registry is configured, and what
// it is called with.
import { ALICE, BASIC, htpasswd, users } from "./accounts.ts";
import { accessToken, ownToken, tokenServer } from "./tokens.ts";

/** A registry's `auth` section, and how to get the header for it when it runs. */
interface Guard {
  readonly auth: object;
  /** Absent: nothing is shown. */
  readonly authorization?: (url: string) => string | Promise<string>;
}

export interface Caller {
  /** How --callers names it. */
  readonly name: string;
  readonly title: string;
  /** Writes the files that the section names into the folder. */
  readonly guard: (folder: string) => Promise<Guard>;
  /** What part of the anonymous rate it shall reach. */
  readonly goal?: number;
}

/** Whom the others are compared with. */
export const BASELINE = "anonymous";

const GOAL = 0.85;

/** Longer than any run. */
const ISSUER = { lifetime: "1h" };

/** About that of a token of our own. */
const TOKEN_LENGTH = 640;

/** How many rules there are before the one that fits, and that one. */
const RULES = 64;

export const CALLERS: readonly Caller[] = [
  { name: BASELINE, title: "nobody is asked (auth.none)", guard: open },
  { name: "again", title: "the same once more: what chance does", guard: open },
  {
    name: "ignored",
    title: "nobody is asked, but all send a token",
    guard: async () => ({ auth: { none: {} }, authorization: () => `Bearer ${"x".repeat(TOKEN_LENGTH)}` }),
  },
  {
    name: "public",
    title: "no credentials, a policy lets anyone",
    guard: async (folder) => ({
      auth: {
        users: await users(folder),
        policy: [{ repositories: "bench/**", who: "anyone", allow: PUSH }],
      },
    }),
  },
  {
    name: "htpasswd",
    title: "Basic, htpasswd",
    guard: async (folder) => ({ auth: { htpasswd: await htpasswd(folder) }, authorization: () => BASIC }),
    goal: GOAL,
  },
  {
    name: "users",
    title: "Basic, users file",
    guard: async (folder) => ({ auth: { users: await users(folder) }, authorization: () => BASIC }),
  },
  {
    name: "token",
    title: "Bearer, the registry's own token",
    guard: async (folder) => ({
      auth: { users: await users(folder), issuer: ISSUER },
      authorization: ownToken,
    }),
    goal: GOAL,
  },
  {
    name: "foreign-token",
    title: "Bearer, another server's token",
    guard: async (folder) => {
      const { section, authorization } = await tokenServer(folder);
      return { auth: { token: section }, authorization };
    },
    goal: GOAL,
  },
  {
    name: "access-token",
    title: "Bearer, an access token",
    guard: async (folder) => ({ auth: { users: await users(folder) }, authorization: accessToken }),
  },
  {
    name: "rules",
    title: `Bearer, own token, the last of ${RULES} rules fits`,
    guard: async (folder) => ({
      auth: { users: await users(folder), issuer: ISSUER, policy: manyRules() },
      authorization: ownToken,
    }),
  },
];

const PUSH = ["pull", "push"];

async function open(): Promise<Guard> {
  return { auth: { none: {} } };
}

/** Those before the last are about the caller and the action, and about repositories nearby. */
function manyRules(): readonly object[] {
  const others = Array.from({ length: RULES - 1 }, (_, index) => ({
    repositories: `bench/team-${String(index + 1).padStart(2, "0")}/**`,
    who: "authenticated",
    allow: PUSH,
  }));
  return [...others, { repositories: "bench/**", who: ALICE, allow: PUSH }];
}
