// Where the recipes of docs/auth.md are run as they stand, but for names, paths and ports: a directory with
// passwords, certificates and the command line, and a registry with one of the page's configurations.
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listens } from "../deploy/deployed.ts";
import { Authority } from "../support/certificates.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { type RunResult, tryRun } from "../support/run.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import type { Page } from "./page.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const PASSWORDS = { alice: "correct horse", bob: "battery staple" } as const;

export class AuthBench implements AsyncDisposable {
  readonly directory: string;
  /** "127.0.0.1:port": the registry's. */
  readonly host: string;
  /** The authority of all certificates. */
  readonly authority: Authority;
  /** Set for every script. */
  readonly environment: Record<string, string> = {};
  /** What stands on the page, and what a test puts in its place. */
  readonly changes = new Map<string, string>();
  readonly #page: Page;
  readonly #servers: ServerProcess[] = [];

  private constructor(page: Page, directory: string, host: string, authority: Authority) {
    this.#page = page;
    this.directory = directory;
    this.host = host;
    this.authority = authority;
    this.changes.set("/etc/stowage", join(directory, "etc"));
    this.changes.set("/var/lib/stowage", join(directory, "data"));
    this.changes.set("addr: :443", `addr: ${host}`);
    this.changes.set("registry.example.com", host);
  }

  static async open(page: Page): Promise<AuthBench> {
    const directory = await makeTemporaryDirectory();
    for (const name of ["etc", "bin", "docker"]) await mkdir(join(directory, name));
    const host = `127.0.0.1:${await freePort()}`;
    const authority = await Authority.make(directory);
    const bench = new AuthBench(page, directory, host, authority);
    await bench.#equip();
    return bench;
  }

  get url(): string {
    return `https://${this.host}`;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), "utf8");
  }

  /** The page's block of this name as this bench has it. */
  text(name: string): string {
    let text = this.#page.named(name);
    for (const [from, to] of this.changes) text = text.replaceAll(from, to);
    return text;
  }

  /** Writes the page's block of this name. */
  async write(name: string, to = name): Promise<string> {
    const path = this.path(to);
    await writeFile(path, this.text(name));
    return path;
  }

  /** Serves with the page's configuration of this name. */
  async serve(name: string): Promise<void> {
    const command = [process.execPath, MAIN, "serve", await this.write(name)];
    await this.start(command, Number(this.host.split(":")[1]));
  }

  /** Starts what listens on this port. */
  async start(command: readonly string[], port: number): Promise<void> {
    const [env, log] = [this.#environment, this.path(`server-${this.#servers.length}.log`)];
    this.#servers.push(await ServerProcess.start({ command, env, log, ready: () => listens(port) }));
  }

  /** Runs the page's script of this name; throws with what it printed when a line of it fails. */
  async run(name: string): Promise<RunResult> {
    const result = await tryRun(["bash", "-e", "-o", "pipefail", await this.write(name)], this.#options);
    if (result.code === 0) return result;
    const logs = await Promise.all(this.#servers.map((server) => server.logTail()));
    throw new Error(`${name} ended with ${result.code}\n${result.stdout}${result.stderr}${logs.join("")}`);
  }

  /** Runs one command. */
  command(...command: readonly string[]): Promise<RunResult> {
    return tryRun(command, this.#options);
  }

  /** Answers of the registry to curl, by status. */
  async status(...options: readonly string[]): Promise<number> {
    const { stdout } = await this.command("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", ...options);
    return Number(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.reverse()) await server.stop();
    await removeTemporaryDirectory(this.directory);
  }

  get #options() {
    return { cwd: this.directory, env: this.#environment };
  }

  get #environment(): NodeJS.ProcessEnv {
    const ca = this.authority.path;
    const path = [this.path("bin"), join(ROOT, "node_modules/.bin"), process.env.PATH].join(delimiter);
    const trust = { STOWAGE_CA: ca, CURL_CA_BUNDLE: ca, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: ca };
    return { PATH: path, HOME: this.directory, ...trust, ...this.environment };
  }

  async #equip(): Promise<void> {
    const names = "DNS:localhost,IP:127.0.0.1";
    const server = await this.authority.issue({ subject: "/CN=registry", names });
    await symlink(server.certificate, this.path("etc/tls.crt"));
    await symlink(server.key, this.path("etc/tls.key"));
    for (const name of ["ca.pem", "client-ca.pem"])
      await symlink(this.authority.path, this.path(`etc/${name}`));
    for (const [user, password] of Object.entries(PASSWORDS))
      await writeFile(this.path(`${user}.password`), `${password}\n`);
    await symlink(join(ROOT, "node_modules"), this.path("node_modules"));
    await symlink(join(ROOT, "src/gen"), this.path("gen"));
    await writeFile(this.path("package.json"), '{"type": "module"}');
    const command = this.path("bin/stowage");
    await writeFile(command, `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    await chmod(command, 0o755);
  }
}
