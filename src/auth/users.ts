// Users and robots from a file of ours; see config/users-file.ts.
// Both log in by their bare names, of which no two are alike.
import { hash } from "node:crypto";
import { type Account, parseUsersFile } from "../config/users-file.ts";
import type { Password, PasswordAuthority } from "./credentials.ts";
import { Decoys } from "./decoys.ts";
import { fingerprintOf, verifyPassword } from "./password-hash.ts";
import { type Principal, principal } from "./principal.ts";
import { WatchedFile, type WatchedFileOptions } from "./watched-file.ts";

/** An account and who it makes of somebody. */
interface Member {
  readonly account: Account;
  readonly principal: Principal;
}

type Members = ReadonlyMap<string, Member>;

interface Directory {
  readonly users: Members;
  readonly robots: Members;
  readonly decoys: Decoys;
}

export interface UsersOptions extends Omit<WatchedFileOptions<unknown>, "parse"> {
  readonly now: () => number;
}

export class Users implements PasswordAuthority {
  readonly #file: WatchedFile<Directory>;
  readonly #now: () => number;

  /** Throws an Error with everything that is wrong with the file. */
  static async open(options: UsersOptions): Promise<Users> {
    const parse = (text: string) => parseDirectory(options.path, text);
    return new Users(await WatchedFile.open({ ...options, parse }), options.now);
  }

  /** Use open. */
  constructor(file: WatchedFile<Directory>, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  async check(password: Password): Promise<Principal | undefined> {
    const { username } = password;
    const directory = this.#file.current();
    const known = memberOf(directory, username)?.account.password;
    // Also for who may not come in: the time must not tell which of the names are somebody's.
    const isRight = await verifyPassword(known ?? directory.decoys.for(username), password.password);
    if (!isRight || known === undefined) return undefined;
    const member = memberOf(this.#file.current(), username);
    // The password was changed meanwhile: what was right then may be wrong now.
    if (member?.account.password !== known) return this.check(password);
    return this.#admit(member);
  }

  /** The user or robot with this name; undefined when there is none, or it is disabled or expired. */
  find(kind: "user" | "robot", name: string): Principal | undefined {
    const { users, robots } = this.#file.current();
    return this.#admit((kind === "user" ? users : robots).get(name));
  }

  /** Changes whenever the password does, and tells nothing of it. Undefined: there is no such user or robot. */
  fingerprint(kind: "user" | "robot", name: string): string | undefined {
    const { users, robots } = this.#file.current();
    return fingerprintOf((kind === "user" ? users : robots).get(name)?.account.password);
  }

  /** True: the file has an account of this name, be it one that nobody may come in with. */
  has(name: string): boolean {
    const { users, robots } = this.#file.current();
    return users.has(name) || robots.has(name);
  }

  /** Calls the listener after each change of the file. Returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.#file.onChange(listener);
  }

  close(): void {
    this.#file.close();
  }

  #admit(member: Member | undefined): Principal | undefined {
    if (member === undefined || member.account.disabled) return undefined;
    const { expireTime } = member.account;
    return expireTime !== undefined && this.#now() >= expireTime ? undefined : member.principal;
  }
}

/** Whom somebody means who logs in by this name. */
function memberOf({ users, robots }: Directory, username: string): Member | undefined {
  return users.get(username) ?? robots.get(username);
}

function parseDirectory(path: string, text: string): Directory {
  const { users, robots } = parseUsersFile(path, text);
  const hashes = [...users.values(), ...robots.values()].map(({ password }) => password);
  return { users: members("user", users), robots: members("robot", robots), decoys: new Decoys(hashes) };
}

function accountMark(account: Account): string {
  return hash("sha256", JSON.stringify(account), "base64url").slice(0, 22);
}

function members(kind: "user" | "robot", accounts: ReadonlyMap<string, Account>): Members {
  return new Map(
    Array.from(accounts, ([name, account]) => {
      const { groups, scopes, expireTime } = account;
      const member: Member = {
        account,
        principal: principal(kind, name, {
          groups,
          account: accountMark(account),
          ...(scopes !== undefined && { limit: { kind: "scoped", access: scopes } }),
          ...(expireTime !== undefined && { expireTime }),
        }),
      };
      return [name, member];
    }),
  );
}
