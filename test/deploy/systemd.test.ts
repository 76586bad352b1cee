// The unit of systemd: systemd itself finds nothing wrong with it and little to reproach it with, and what it forbids
// Stowage does not need. systemd does not have to run for that.
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hashPassword } from "../../src/auth/password-hash.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { deployed, PASSWORD } from "./deployed.ts";

const UNITS = ["stowage.service", "stowage.socket"] as const;
const PROGRAM = "/usr/local/bin/stowage";

suite("deploy/systemd", { skip: lacking("systemd-analyze", "systemd-sysusers") }, () => {
  let directory: string;
  let service: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const program = join(directory, "stowage");
    await writeFile(program, "#!/bin/sh\n");
    await chmod(program, 0o755);
    for (const name of UNITS) {
      const changes = name === "stowage.service" ? { [PROGRAM]: program } : {};
      await writeFile(join(directory, name), await deployed(`systemd/${name}`, changes));
    }
    service = join(directory, "stowage.service");
  });
  after(() => removeTemporaryDirectory(directory));

  for (const name of UNITS)
    test(`${name} is a unit without mistakes`, async () => {
      const { stdout, stderr } = await run(["systemd-analyze", "verify", join(directory, name)]);
      assert.equal(stdout + stderr, "");
    });

  test("its exposure is OK", async (context) => {
    const { stdout } = await run([
      "systemd-analyze",
      "security",
      "--offline=true",
      "--threshold=20",
      service,
    ]);
    const [, level, word] = /exposure level for stowage\.service: ([\d.]+) (\w+)/.exec(stdout) ?? [];
    context.diagnostic(`${level} ${word}`);
    assert.ok(word === "OK" || word === "SAFE" || word === "PERFECT", stdout);
  });

  test("the user that it runs as is made", async () => {
    const root = join(directory, "root");
    await mkdir(join(root, "etc"), { recursive: true });
    const file = fileURLToPath(new URL("../../deploy/systemd/stowage.sysusers.conf", import.meta.url));
    await run(["systemd-sysusers", `--root=${root}`, file]);
    const [, user] = /^User=(.*)$/m.exec(await readFile(service, "utf8")) ?? [];
    assert.match(await readFile(join(root, "etc/passwd"), "utf8"), new RegExp(`^${user}:`, "m"));
  });

  test("its filter of system calls lets through all that Stowage makes", {
    skip: lacking("strace"),
  }, async () => {
    const allowed = await allowedCalls(await readFile(service, "utf8"));
    assert.ok(allowed.has("openat") && !allowed.has("mount") && !allowed.has("chroot"));
    const made = await callsOfRegistry(directory);
    assert.ok(made.has("accept4") && made.has("fdatasync") && made.size > 30, [...made].join(" "));
    assert.deepEqual([...made].filter((name) => !allowed.has(name)).sort(), []);
  });
});

/** What the lines SystemCallFilter= of the unit come to. */
async function allowedCalls(unit: string): Promise<ReadonlySet<string>> {
  const allowed = new Set<string>();
  for (const [, forbids, groups = ""] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
    for (const group of groups.split(" "))
      for (const call of await callsOf(group))
        if (forbids === "~") allowed.delete(call);
        else allowed.add(call);
  return allowed;
}

/** The calls of a group, and of the groups in it. */
async function callsOf(group: string): Promise<readonly string[]> {
  const { stdout } = await run(["systemd-analyze", "syscall-filter", group]);
  const names = [...stdout.matchAll(/^ {4}(@?[\w-]+)$/gm)].map(([, name = ""]) => name);
  const all = await Promise.all(names.map(async (name) => (name.startsWith("@") ? callsOf(name) : [name])));
  return all.flat();
}

/** The calls that a registry makes that starts, is pushed to and pulled from by somebody with a password, and ends. */
async function callsOfRegistry(directory: string): Promise<ReadonlySet<string>> {
  const [trace, config, users] = ["trace", "config.yml", "users.yml"].map((name) => join(directory, name));
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(users ?? "", `users: {alice: {password: "${await hashPassword(PASSWORD)}"}}\n`);
  await writeFile(
    config ?? "",
    `{version: 0.1, storage: {filesystem: {rootdirectory: "${join(directory, "data")}"}},
      http: {addr: "${host}"}, auth: {users: {path: "${users}"}, issuer: {enabled: false}}}`,
  );
  const authorization = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString("base64")}`;
  const http = new HttpCaller(host);
  const server = await ServerProcess.start({
    command: [
      ...["strace", "--follow-forks", "--daemonize", `--output=${trace}`],
      ...[process.execPath, MAIN, "serve", config ?? ""],
    ],
    log: join(directory, "registry.log"),
    ready: async () => (await http.call({ method: "GET", path: "/v2/" })).status === 401,
  });
  try {
    const headers = { authorization };
    for (const size of [10, 100 * 1024, 8 * 1024 * 1024]) {
      const body = Buffer.alloc(size, size);
      const digest = digestOf(body);
      const path = `/v2/team/app/blobs/uploads/?digest=${digest}`;
      await http.expect([201], { method: "POST", path, headers, body });
      await http.expect([200], { method: "GET", path: `/v2/team/app/blobs/${digest}`, headers });
    }
  } finally {
    http.close();
    await server.stop();
  }
  const written = await eventually("the trace has its end", async () => {
    const text = await readFile(trace ?? "", "utf8");
    return new RegExp(`^${server.pid} +\\+{3} exited with 0`, "m").test(text) ? text : undefined;
  });
  const lines = written.matchAll(/^\d+ +(\w+)\(/gm);
  return new Set([...lines].map(([, name = ""]) => name));
}
