// The doorman: who is it, and may they. Puts the authorities together that the
// configuration asks for; remembers who was proved to be whom; asks the one policy.
import type { AuthConfig } from "../config/access.ts";
import { type Need, scopeOf } from "../oci/access.ts";
import { areAbsent, parseBasic } from "./basic-credentials.ts";
import { CertificateNames } from "./certificates.ts";
import { basic, bearerOrBasic } from "./challenge.ts";
import {
  type ClientCertificate,
  type Credentials,
  type Password,
  type PasswordAuthority,
  type TokenAuthority,
  type TokenError,
  Unauthorized,
} from "./credentials.ts";
import { Permissions } from "./permissions.ts";
import { parseNameGlob } from "./policy.ts";
import { ANONYMOUS, keptOf, type Principal, principal } from "./principal.ts";

/** Who is in the files. */
export interface Directory {
  /** As it is now. Undefined: nobody of that name, or disabled, or expired. */
  find(kind: "user" | "robot", name: string): Principal | undefined;
}

export interface DoormanParts {
  readonly auth: AuthConfig;
  /** Asked one after the other. */
  readonly passwords: readonly PasswordAuthority[];
  readonly tokens: readonly TokenAuthority[];
  /** Absent: nobody is kept in files. */
  readonly directory?: Directory;
  /** Whether the access token or refresh token of this id still holds. */
  readonly isTokenGood: (tokenId: string) => boolean;
  readonly remembered: {
    get(text: string): Principal | undefined;
    set(text: string, principal: Principal): void;
    clear(): void;
  };
  readonly guard: {
    run(
      address: string | undefined,
      check: () => Promise<Principal | undefined>,
    ): Promise<Principal | undefined>;
  };
  readonly now: () => number;
  /** Told of each login with a wrong password: where it came from, and whom it named if there is such a one. */
  readonly onWrongPassword?: (facts: { readonly address?: string; readonly principal?: string }) => void;
}

export class Doorman {
  /** What who was let in may do. */
  readonly may: Permissions;
  readonly #parts: DoormanParts;
  readonly #certificates: CertificateNames | undefined;
  readonly #gateways: readonly ((name: string) => boolean)[];
  readonly #proving = new Map<string, Promise<Principal>>();
  /** Grows when files of users were read again: what was proved before is not remembered then. */
  #generation = 0;

  constructor(parts: DoormanParts) {
    this.#parts = parts;
    this.may = new Permissions(parts.auth.policy);
    const { certificates } = parts.auth;
    this.#certificates = certificates && new CertificateNames(certificates);
    this.#gateways = parts.auth.gateways.map(parseNameGlob);
  }

  /** To be called when a file of users was read again. */
  forget(): void {
    this.#generation += 1;
    this.#parts.remembered.clear();
  }

  /**
   * Who brings these credentials; a promise only where that is not remembered. Throws Unauthorized for wrong ones,
   * TOOMANYREQUESTS to who guesses.
   */
  authenticate(credentials: Credentials): Principal | Promise<Principal> {
    const { authorization, certificate } = credentials;
    if (authorization === undefined || areAbsent(authorization)) return this.#byCertificate(certificate);
    const known = this.#parts.remembered.get(authorization);
    if (known !== undefined && this.isCurrent(known)) return known;
    return this.#prove(authorization, credentials.address);
  }

  /** True: what the principal was let in by still holds. Cheap. */
  isCurrent({ expireTime, tokenId, kind, id, isForeign, account }: Principal): boolean {
    const { now, isTokenGood, directory } = this.#parts;
    if (expireTime !== undefined && now() >= expireTime) return false;
    if (tokenId !== undefined && !isTokenGood(tokenId)) return false;
    if (directory === undefined || isForeign === true || (kind !== "user" && kind !== "robot")) return true;
    const found = directory.find(kind, id.slice(kind.length + 1));
    return found !== undefined && (account === undefined || account === found.account);
  }

  /** True: nobody's word about others is believed. */
  get believesNobody(): boolean {
    return this.#gateways.length === 0;
  }

  /** True: it need not be proved whose credentials these are. */
  remembers(authorization: string): boolean {
    return this.#parts.remembered.get(authorization) !== undefined;
  }

  /** The principal of this id as the files have it now. */
  find(id: string): Principal | undefined {
    const kept = keptOf(id);
    return kept && this.#parts.directory?.find(kept.kind, kept.name);
  }

  /** True: the configuration names no way to be somebody; the policy says what everybody may do. */
  get knowsNobody(): boolean {
    const { auth, passwords } = this.#parts;
    const { mode, token, oidc, certificates } = auth;
    const ways = [...passwords, ...oidc, token, certificates];
    return mode === "guarded" && ways.every((way) => way === undefined);
  }

  /** True: a gateway whose word about its clients is believed. */
  believes({ id }: Principal): boolean {
    return this.#gateways.some((fits) => fits(id));
  }

  /** The value of WWW-Authenticate for who needs this. */
  challenge(
    needs: readonly Need[],
    { baseUrl, error }: { readonly baseUrl: string | undefined; readonly error?: TokenError | undefined },
  ): string {
    return bearerOrBasic(this.#parts.auth, { baseUrl, scope: scopeOf(needs), error });
  }

  /** The same for who asks for a token. */
  basicChallenge(): string {
    return basic(this.#parts.auth);
  }

  /** Who knows this password; undefined: nobody. Guessing is slowed down. Throws TOOMANYREQUESTS. */
  checkPassword(password: Password, address: string | undefined): Promise<Principal | undefined> {
    return this.#parts.guard.run(address, async () => {
      const found = await this.#byPassword(password);
      if (found === undefined) this.#tellOfWrong(password, address);
      return found;
    });
  }

  /** Whose token it is; undefined: of no kind that is known. Throws Unauthorized. */
  async checkToken(token: string): Promise<Principal | undefined> {
    for (const authority of this.#parts.tokens) {
      const found = await authority.check(token);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #byCertificate(certificate: ClientCertificate | undefined): Principal {
    const found = certificate && this.#certificates?.find(certificate);
    return found !== undefined && this.isCurrent(found) ? found : ANONYMOUS;
  }

  /** Who comes with several requests at once is asked once. */
  #prove(authorization: string, address: string | undefined): Promise<Principal> {
    const key = `${address ?? ""} ${authorization}`;
    const running = this.#proving.get(key);
    if (running !== undefined) return running;
    const proving = this.#proveNow(authorization, address).finally(() => this.#proving.delete(key));
    this.#proving.set(key, proving);
    return proving;
  }

  async #proveNow(authorization: string, address: string | undefined): Promise<Principal> {
    const { auth, remembered } = this.#parts;
    if (auth.mode === "silly") return SILLY;
    const generation = this.#generation;
    const found = await this.#byHeader(authorization, address);
    if (generation === this.#generation) remembered.set(authorization, found);
    return found;
  }

  async #byHeader(authorization: string, address: string | undefined): Promise<Principal> {
    const [, scheme = "", rest = ""] = /^([A-Za-z]+) +(\S+)$/.exec(authorization) ?? [];
    switch (scheme.toLowerCase()) {
      case "basic": {
        const password = parseBasic(rest);
        const found = password && (await this.checkPassword(password, address));
        if (found === undefined) throw new Unauthorized("the user name or the password is wrong");
        return found;
      }
      case "bearer": {
        const found = await this.checkToken(rest);
        if (found === undefined || !this.isCurrent(found))
          throw new Unauthorized("the token is not valid here, or not any more", "invalid_token");
        return found;
      }
      default:
        throw new Unauthorized('the Authorization header is neither "Basic" nor "Bearer"');
    }
  }

  /** A name that is nobody's is not told: people type passwords into the wrong field. */
  #tellOfWrong({ username }: Password, address: string | undefined): void {
    const { onWrongPassword, directory } = this.#parts;
    const named = directory?.find("user", username) ?? directory?.find("robot", username);
    onWrongPassword?.({
      ...(address !== undefined && { address }),
      ...(named !== undefined && { principal: named.id }),
    });
  }

  /** A token may stand where a password is asked for, with any user name. */
  async #byPassword(password: Password): Promise<Principal | undefined> {
    const token = await this.checkToken(password.password).catch(undefinedIfUnauthorized);
    if (token !== undefined) return this.isCurrent(token) ? token : undefined;
    for (const authority of this.#parts.passwords) {
      const found = await authority.check(password);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const SILLY = principal("user", "silly");

function undefinedIfUnauthorized(error: unknown): undefined {
  if (error instanceof Unauthorized) return undefined;
  throw error;
}
