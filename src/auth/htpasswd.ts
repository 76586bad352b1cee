// User names and bcrypt hashes from a file as Apache's htpasswd makes it.
//
//   # a comment
//   alice:$2y$12$…
import { parsePasswordHash } from "../config/password-hash.ts";
import { UnusableFile } from "../config/unusable-file.ts";
import type { Password, PasswordAuthority } from "./credentials.ts";
import { Decoys } from "./decoys.ts";
import { fingerprintOf, verifyPassword } from "./password-hash.ts";
import { type Principal, principal } from "./principal.ts";
import { type Report, WatchedFile, type WatchedFileOptions } from "./watched-file.ts";

interface User {
  readonly hash: string;
  readonly principal: Principal;
}

interface Users {
  readonly users: ReadonlyMap<string, User>;
  /** Names of those whose passwords are kept in another form, which nothing matches. */
  readonly unusable: readonly string[];
  readonly decoys: Decoys;
}

export type HtpasswdOptions = Omit<WatchedFileOptions<unknown>, "parse">;

export class Htpasswd implements PasswordAuthority {
  readonly #file: WatchedFile<Users>;

  /** Throws an Error when the file is missing or wrong. No file is made. */
  static async open(options: HtpasswdOptions): Promise<Htpasswd> {
    const file = await WatchedFile.open({ ...options, parse: parseHtpasswd });
    const { users, unusable } = file.current();
    if (users.size > 0 || unusable.length === 0) return new Htpasswd(file, options);
    file.close();
    throw new UnusableFile(`the file "${options.path}" cannot be used: ${NOBODY}`);
  }

  /** Use open. */
  constructor(
    file: WatchedFile<Users>,
    { path, report }: { readonly path: string; readonly report: Report },
  ) {
    this.#file = file;
    const reported = new Set<string>();
    const tell = () => reportUnusable(file.current().unusable, { path, report, reported });
    tell();
    file.onChange(tell);
  }

  async check(password: Password): Promise<Principal | undefined> {
    const { username } = password;
    const { users, decoys } = this.#file.current();
    const hash = users.get(username)?.hash;
    const isRight = await verifyPassword(hash ?? decoys.for(username), password.password);
    if (!isRight || hash === undefined) return undefined;
    const user = this.#file.current().users.get(username);
    // The password was changed meanwhile: what was right then may be wrong now.
    return user?.hash === hash ? user.principal : this.check(password);
  }

  /** The user with this name; undefined when nobody can log in by it. */
  find(name: string): Principal | undefined {
    return this.#file.current().users.get(name)?.principal;
  }

  /** Changes whenever the password does, and tells nothing of it. Undefined: there is no such user. */
  fingerprint(name: string): string | undefined {
    return fingerprintOf(this.#file.current().users.get(name)?.hash);
  }

  /** Calls the listener after each change of the file. Returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.#file.onChange(listener);
  }

  close(): void {
    this.#file.close();
  }
}

function markOf(hash: string): Pick<Principal, "account"> {
  const account = fingerprintOf(hash);
  return account === undefined ? {} : { account };
}

const NOBODY =
  'no hash in it is of bcrypt, so nobody could log in; make lines with "stowage auth hash --bcrypt --user NAME" or "htpasswd -B"';

const MAX_PROBLEMS = 20;

/** Throws an Error with the lines that are wrong; nothing of their contents but names of users. */
function parseHtpasswd(text: string): Users {
  const lines = new Map<string, number>();
  const users = new Map<string, User>();
  const unusable: string[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const problem = addEntry(entry, { line: index + 1, lines, users, unusable });
    if (problem !== undefined) problems.push(`line ${index + 1} ${problem}`);
  }
  if (problems.length > 0) throw new Error(joinProblems(problems));
  return { users, unusable, decoys: new Decoys(Array.from(users.values(), ({ hash }) => hash)) };
}

interface Entries {
  readonly line: number;
  /** The line of each name. */
  readonly lines: Map<string, number>;
  readonly users: Map<string, User>;
  readonly unusable: string[];
}

/** What is wrong with the line, or undefined. */
function addEntry(entry: string, { line, lines, users, unusable }: Entries): string | undefined {
  const colon = entry.indexOf(":");
  if (colon < 0) return 'has no ":" between user name and hash';
  if (colon === 0) return 'has no user name before its ":"';
  const name = entry.slice(0, colon);
  const hash = entry.slice(colon + 1);
  const twin = lines.get(name);
  if (twin !== undefined) return `is about user "${name}", as is line ${twin}; each needs one line`;
  lines.set(name, line);
  try {
    if (parsePasswordHash(hash)?.kind === "bcrypt")
      users.set(name, { hash, principal: principal("user", name, markOf(hash)) });
    else unusable.push(name);
  } catch (error) {
    return `is about user "${name}": ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

function joinProblems(problems: readonly string[]): string {
  const more = problems.length - MAX_PROBLEMS;
  return [...problems.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`${more} more lines are wrong`] : [])].join(
    "; ",
  );
}

interface Telling {
  readonly path: string;
  readonly report: Report;
  /** Names that were reported. */
  readonly reported: Set<string>;
}

function reportUnusable(names: readonly string[], { path, report, reported }: Telling): void {
  const unusable = new Set(names);
  const fresh = names.filter((name) => !reported.has(name));
  // Who got a good hash meanwhile and lost it again is reported again.
  for (const name of reported) if (!unusable.has(name)) reported.delete(name);
  for (const name of fresh) reported.add(name);
  const [first] = fresh;
  if (first === undefined) return;
  report("users of the htpasswd file cannot log in: their passwords are not kept as bcrypt hashes", {
    path,
    users: fresh.slice(0, MAX_PROBLEMS).join(" "),
    count: fresh.length,
    remedy: `htpasswd -B ${path} ${first}`,
  });
}
