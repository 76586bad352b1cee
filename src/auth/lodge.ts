// The doorman's lodge: opens the authorities that the configuration asks for, hands
// them to the doorman, and closes them. What cannot be opened keeps the process from
// starting: a door that should be guarded is never open.
import type { AuthConfig } from "../config/access.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { AccessTokenAuthority, type FindPrincipal } from "./access-token-authority.ts";
import { AccessTokenDesk } from "./access-token-desk.ts";
import { AccessTokens } from "./access-tokens.ts";
import { AccountFiles } from "./account-files.ts";
import type { TokenAuthority } from "./credentials.ts";
import { Doorman } from "./doorman.ts";
import { type Explanation, explain, type Question } from "./explain.ts";
import { ForeignTokens } from "./foreign-tokens.ts";
import { GuessGuard } from "./guess-guard.ts";
import { Htpasswd } from "./htpasswd.ts";
import { Issuer } from "./issuer.ts";
import { LiveTokens } from "./live-tokens.ts";
import { OidcIssuers } from "./oidc.ts";
import { RefreshTokens } from "./refresh-tokens.ts";
import { Remembered } from "./remembered.ts";
import { TokenDesk } from "./token-desk.ts";
import { Users } from "./users.ts";
import type { Report } from "./watched-file.ts";

export interface LodgeParts {
  readonly auth: AuthConfig;
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** Told of files that went bad and issuers that do not answer. */
  readonly report: Report;
  /** Told of keys that were made, and of logins that failed. */
  readonly tell: (message: string, facts: object) => void;
}

/** How often tokens that ended long ago are forgotten, in milliseconds. */
const PURGE_INTERVAL_MS = 60 * 60 * 1000;

interface Files {
  readonly users: Users | undefined;
  readonly htpasswd: Htpasswd | undefined;
}

export class Lodge {
  readonly doorman: Doorman;
  readonly accessTokens: AccessTokenDesk;
  /** Absent: there is no token endpoint. */
  readonly tokens: TokenDesk | undefined;
  readonly #closers: readonly (() => void | Promise<void>)[];

  /** Undefined where nobody is asked. Throws an Error that names what is missing or wrong. */
  static async open(parts: LodgeParts): Promise<Lodge | undefined> {
    const { mode } = parts.auth;
    return mode === "open" || mode === "none" ? undefined : openLodge(parts);
  }

  /** Use open. */
  constructor(
    made: Pick<Lodge, "doorman" | "accessTokens" | "tokens">,
    closers: readonly (() => void | Promise<void>)[],
  ) {
    this.doorman = made.doorman;
    this.accessTokens = made.accessTokens;
    this.tokens = made.tokens;
    this.#closers = closers;
  }

  /** As the policy and the files are now. */
  explain(question: Question): Explanation {
    const { doorman } = this;
    return explain(question, { policy: doorman.may.policy, find: (id) => doorman.find(id) });
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

async function openLodge(parts: LodgeParts): Promise<Lodge> {
  const { auth, metadata, now, newId, report, tell } = parts;
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const files = await openFiles(parts, closers);
    const accounts = new AccountFiles(files);
    const find: FindPrincipal = (id) => accounts.byId(id);
    const { maxLifetimeMs } = auth.accessTokens;
    const accessTokens = await AccessTokens.open({ metadata, now, newId, report, maxLifetimeMs });
    closers.push(() => accessTokens.close());
    const foreign = auth.token && (await ForeignTokens.open({ config: auth.token, now, report }));
    if (foreign !== undefined) closers.push(() => foreign.close());
    const issuer =
      auth.issuer && (await Issuer.open({ config: auth.issuer, metadata, now, newId, report: tell }));
    const isTokenGood = (id: string) => accessTokens.isGood(id);
    const refreshTokens =
      auth.issuer &&
      new RefreshTokens({ metadata, now, lifetimeMs: auth.issuer.refreshLifetimeMs, isTokenGood });
    const oidc = auth.oidc.length > 0 ? new OidcIssuers({ config: auth.oidc, now, report }) : undefined;
    if (oidc !== undefined) closers.push(() => oidc.close());
    const guard = new GuessGuard({ now });
    closers.push(() => guard.close());
    const tokens: readonly (TokenAuthority | undefined)[] = [
      new AccessTokenAuthority({ accessTokens, find }),
      issuer && new LiveTokens({ issued: issuer, find }),
      foreign,
      oidc,
    ];
    const doorman = new Doorman({
      auth,
      now,
      guard,
      isTokenGood: (id) => accessTokens.use(id),
      directory: accounts,
      passwords: accounts.passwords,
      tokens: tokens.filter((one) => one !== undefined),
      remembered: new Remembered({ now }),
      onWrongPassword: (facts) => tell("a login with a wrong password", facts),
    });
    for (const file of [files.users, files.htpasswd, foreign]) file?.onChange(() => doorman.forget());
    closers.push(purgeRegularly(parts, [accessTokens, refreshTokens]));
    const fingerprint = (id: string) => accounts.fingerprint(id);
    return new Lodge(
      {
        doorman,
        accessTokens: new AccessTokenDesk({ accessTokens, find, isAdmin: (who) => doorman.may.isAdmin(who) }),
        tokens:
          issuer &&
          refreshTokens &&
          new TokenDesk({ doorman, accessTokens, issuer, refreshTokens, fingerprint }),
      },
      closers,
    );
  } catch (error) {
    for (const close of closers) await close();
    throw error;
  }
}

async function openFiles({ auth, now, report }: LodgeParts, closers: (() => void)[]): Promise<Files> {
  const users = auth.users && (await Users.open({ path: auth.users.path, now, report }));
  if (users !== undefined) closers.push(() => users.close());
  const htpasswd = auth.htpasswd && (await Htpasswd.open({ path: auth.htpasswd.path, report }));
  if (htpasswd !== undefined) closers.push(() => htpasswd.close());
  return { users, htpasswd };
}

/** Returns how to stop. */
function purgeRegularly(
  { report }: LodgeParts,
  stores: readonly ({ purge(): Promise<unknown> } | undefined)[],
): () => Promise<void> {
  let running = Promise.resolve();
  const purge = async () => {
    for (const store of stores) await store?.purge();
  };
  const run = () => {
    running = purge().catch((error: unknown) => report("forgetting old tokens failed", { err: error }));
  };
  const timer = setInterval(run, PURGE_INTERVAL_MS).unref();
  return () => {
    clearInterval(timer);
    return running;
  };
}
