// The users file and the htpasswd file seen as one: a name that the users file has,
// be it a disabled one's, is its alone.
import type { Password, PasswordAuthority } from "./credentials.ts";
import type { Directory } from "./doorman.ts";
import type { Htpasswd } from "./htpasswd.ts";
import { keptOf, type Principal } from "./principal.ts";
import type { Users } from "./users.ts";

export interface AccountFilesParts {
  readonly users?: Users | undefined;
  readonly htpasswd?: Htpasswd | undefined;
}

export class AccountFiles implements Directory {
  readonly #users: Users | undefined;
  readonly #htpasswd: Htpasswd | undefined;

  constructor({ users, htpasswd }: AccountFilesParts) {
    this.#users = users;
    this.#htpasswd = htpasswd;
  }

  /** To be asked one after the other. */
  get passwords(): readonly PasswordAuthority[] {
    const others = this.#htpasswd && { check: (password: Password) => this.#checkHtpasswd(password) };
    return [this.#users, others].filter((one) => one !== undefined);
  }

  find(kind: "user" | "robot", name: string): Principal | undefined {
    return this.#users?.find(kind, name) ?? this.#htpasswdFor(kind, name)?.find(name);
  }

  /** The principal with this id; undefined for who is in neither file, or may not come in. */
  byId(id: string): Principal | undefined {
    const kept = keptOf(id);
    return kept && this.find(kept.kind, kept.name);
  }

  /** Changes whenever the password of this user or robot does. */
  fingerprint(id: string): string | undefined {
    const kept = keptOf(id);
    if (kept === undefined) return undefined;
    const { kind, name } = kept;
    return this.#users?.fingerprint(kind, name) ?? this.#htpasswdFor(kind, name)?.fingerprint(name);
  }

  /** Checks in any case, so that the time does not tell who is in which file. */
  async #checkHtpasswd(password: Password): Promise<Principal | undefined> {
    const found = await this.#htpasswd?.check(password);
    return this.#htpasswdFor("user", password.username) && found;
  }

  #htpasswdFor(kind: "user" | "robot", name: string): Htpasswd | undefined {
    return kind === "user" && this.#users?.has(name) !== true ? this.#htpasswd : undefined;
  }
}
