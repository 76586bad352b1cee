// Both desks with a doorman who knows some people by password, over a catalogue in memory.
import { AccessTokenAuthority } from "../../src/auth/access-token-authority.ts";
import { AccessTokenDesk } from "../../src/auth/access-token-desk.ts";
import type { AccessTokens } from "../../src/auth/access-tokens.ts";
import type { Password } from "../../src/auth/credentials.ts";
import { Doorman } from "../../src/auth/doorman.ts";
import type { Issuer } from "../../src/auth/issuer.ts";
import { type Principal, principal } from "../../src/auth/principal.ts";
import { Remembered } from "../../src/auth/remembered.ts";
import { TokenDesk, type TokenRequest } from "../../src/auth/token-desk.ts";
import type { AuthConfig } from "../../src/config/access.ts";
import { CONFIG, TokenOffice } from "./token-office.ts";

const AUTH: AuthConfig = {
  mode: "guarded",
  realm: "Registry",
  service: "",
  issuer: CONFIG,
  accessTokens: {},
  oidc: [],
  gateways: [],
  policy: [
    { repositories: ["public/**"], who: ["anyone"], effect: "allow", actions: ["pull"] },
    { repositories: ["acme/**"], who: ["group:dev", "robot:*"], effect: "allow", actions: ["pull", "push"] },
    { repositories: ["**"], who: ["user:root"], effect: "allow", actions: ["admin"] },
  ],
};

export const ALICE = principal("user", "alice", { groups: ["dev"] });
export const BOB = principal("user", "bob");
export const ROOT = principal("user", "root");
export const CI = principal("robot", "ci", {
  limit: { kind: "scoped", access: [{ type: "repository", name: "acme/**", actions: ["pull"] }] },
});

export class TokenCounter implements AsyncDisposable {
  readonly office: TokenOffice;
  readonly issuer: Issuer;
  readonly accessTokens: AccessTokens;
  readonly doorman: Doorman;
  readonly desk: TokenDesk;
  readonly tokenDesk: AccessTokenDesk;
  /** Who is in the files, by id. */
  readonly people = new Map<string, Principal>([ALICE, BOB, ROOT, CI].map((one) => [one.id, one]));
  /** By id; everybody has one. */
  readonly passwords = new Map<string, string>();
  /** From where passwords were tried. */
  readonly addresses: (string | undefined)[] = [];

  static async open(): Promise<TokenCounter> {
    const office = await TokenOffice.open();
    return new TokenCounter(office, await office.issuer(), await office.accessTokens());
  }

  constructor(office: TokenOffice, issuer: Issuer, accessTokens: AccessTokens) {
    this.office = office;
    this.issuer = issuer;
    this.accessTokens = accessTokens;
    const find = (id: string) => this.people.get(id);
    const doorman = new Doorman({
      auth: AUTH,
      now: office.now,
      passwords: [{ check: async (password) => this.#check(password) }],
      tokens: [new AccessTokenAuthority({ accessTokens, find }), issuer],
      directory: { find: (kind, name) => find(`${kind}:${name}`) },
      isTokenGood: (id) => accessTokens.use(id),
      remembered: new Remembered({ now: office.now }),
      guard: {
        run: (address, check) => {
          this.addresses.push(address);
          return check();
        },
      },
    });
    const refreshTokens = office.refreshTokens(accessTokens);
    const fingerprint = (id: string) => (this.people.has(id) ? `print of ${this.#password(id)}` : undefined);
    this.doorman = doorman;
    this.desk = new TokenDesk({ doorman, accessTokens, issuer, refreshTokens, fingerprint });
    const isAdmin = (who: Principal) => doorman.may.isAdmin(who);
    this.tokenDesk = new AccessTokenDesk({ accessTokens, find, isAdmin });
  }

  /** For ALICE by her own credentials, with nothing asked for. */
  issue(request: Partial<TokenRequest>) {
    const usual = { caller: ALICE, service: "", scopes: [], offline: false, clientId: "docker" };
    return this.desk.issue({ ...usual, ...request });
  }

  /** Who comes in with this bearer token. */
  bearer(token: string): Promise<Principal> {
    return Promise.resolve(this.doorman.authenticate({ authorization: `Bearer ${token}` }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.office[Symbol.asyncDispose]();
  }

  #check({ username, password }: Password): Principal | undefined {
    const found = this.people.get(`user:${username}`) ?? this.people.get(username);
    return found !== undefined && this.#password(found.id) === password ? found : undefined;
  }

  #password(id: string): string {
    return this.passwords.get(id) ?? "secret";
  }
}
