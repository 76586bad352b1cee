// Lines of the log by mail, over a real mail server.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { Log } from "../../src/telemetry/log.ts";
import type { LineLevel } from "../../src/telemetry/log-options.ts";
import { sendMail } from "../../src/telemetry/mail.ts";
import type { MailHookOptions } from "../../src/telemetry/mail-hook.ts";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { MailServer, type MailServerOptions } from "../support/mail-server.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

interface Bench {
  readonly log: Log;
  readonly lines: string[];
}

interface HookChoice {
  readonly levels?: readonly LineLevel[];
  readonly smtp?: Partial<MailHookOptions["smtp"]>;
  readonly everyMs?: number;
}

/** A log whose lines are kept, with one hook. */
function logWith(port: number, { levels = ["error"], smtp = {}, everyMs }: HookChoice = {}): Bench {
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  const hook: MailHookOptions = {
    levels,
    smtp: { host: "localhost", port, insecure: false, ...smtp },
    from: "Registry <registry@example.com>",
    to: ["ops@example.com", "boss@example.com"],
  };
  const log = new Log({
    options: { level: "debug", formatter: "json", fields: {}, hooks: [hook] },
    output: { isTerminal: false, write: async (text) => write(text), writeNow: write },
    machine: "harbour",
    ...(everyMs !== undefined && { mailEveryMs: everyMs }),
  });
  return { log, lines };
}

async function started(t: TestContext, options: MailServerOptions = {}): Promise<MailServer> {
  const server = await MailServer.start(options);
  t.after(() => server[Symbol.asyncDispose]());
  return server;
}

const mailsOf = (server: MailServer, count: number) =>
  eventually(`${count} mails`, async () => (server.mails.length >= count ? server.mails : undefined));

test("the first line goes at once, and those of the next minute together when it is over or the log ends", async (t) => {
  const server = await started(t);
  const { log } = logWith(server.port);
  log.logger.error({ reason: "one" }, "first");
  await mailsOf(server, 1);
  log.logger.error({ reason: "two" }, "second");
  log.logger.error({ reason: "three" }, "third");
  log.logger.warn("not wanted");
  await log.close();
  const [first, rest, ...others] = server.mails;
  assert.equal(others.length, 0);
  assert.equal(first?.from, "registry@example.com");
  assert.deepEqual(first.to, ["ops@example.com", "boss@example.com"]);
  assert.match(first.text, /^Subject: \[Stowage harbour\] error: first\r$/m);
  assert.match(first.text, /reason: one/);
  assert.match(rest?.text ?? "", /^Subject: \[Stowage harbour\] error: second \(and 1 more\)\r$/m);
  assert.match(rest?.text ?? "", /error: second[\s\S]*reason: two[\s\S]*error: third[\s\S]*reason: three/);
  assert.doesNotMatch(rest?.text ?? "", /not wanted|first/);
});

test("when the time is over what has come meanwhile goes by itself", async (t) => {
  const server = await started(t);
  const { log } = logWith(server.port, { everyMs: 100 });
  log.logger.error("first");
  await mailsOf(server, 1);
  log.logger.error("second");
  await mailsOf(server, 2);
  await log.close();
  assert.equal(server.mails.length, 2);
});

test("a flood makes one mail of bounded size that says how many lines it lacks", async (t) => {
  const server = await started(t);
  const { log } = logWith(server.port);
  for (let count = 0; count < 1000; count++) log.logger.error({ count }, "flood");
  await log.close();
  assert.equal(server.mails.length, 1);
  assert.match(server.mails[0]?.text ?? "", /800 more lines are in the log of the registry only/);
});

test("what a client sends cannot add a head to a mail", async (t) => {
  const server = await started(t);
  const { log } = logWith(server.port);
  const repository = "a\r\nBcc: evil@example.com\u001b[31m";
  log.logger.error({ repository, err: new Error(`${repository}\nsecond`) }, "text");
  await log.close();
  const text = server.mails[0]?.text ?? "";
  assert.deepEqual(server.mails[0]?.to, ["ops@example.com", "boss@example.com"]);
  assert.doesNotMatch(text, /^Bcc:/m);
  assert.ok(!text.includes("\u001b"));
});

async function authority(t: TestContext): Promise<{ readonly certificate: string; readonly key: string }> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const ca = await Authority.make(directory);
  const files = await ca.issue({ subject: "/CN=localhost", names: "DNS:localhost" });
  return { certificate: await readFile(files.certificate, "utf8"), key: await readFile(files.key, "utf8") };
}

const LOGIN = { username: "registry", password: "hush" };

test("a server that nobody vouches for gets neither mail nor password, unless that is allowed", async (t) => {
  const server = await started(t, { tls: await authority(t), login: LOGIN });
  const careful = logWith(server.port, { smtp: { login: LOGIN } });
  careful.log.logger.error("first");
  await careful.log.close();
  assert.equal(server.mails.length, 0);
  assert.match(careful.lines.join(""), /"warn".*a mail with lines of the log could not be sent/);
  assert.match(careful.lines.join(""), /certificate/);
  const trusting = logWith(server.port, { smtp: { login: LOGIN, insecure: true } });
  trusting.log.logger.error("second");
  await trusting.log.close();
  assert.equal(server.mails.length, 1);
  assert.equal(server.mails[0]?.user, "registry");
  assert.equal(server.mails[0]?.isSecure, true);
  assert.doesNotMatch([...careful.lines, ...trusting.lines].join(""), /hush/);
});

test("a password does not cross the network in clear text, unless that is allowed", async (t) => {
  const server = await started(t, { login: LOGIN });
  const host = "0.0.0.0"; // this machine, but not by a name that says so
  const careful = logWith(server.port, { smtp: { host, login: LOGIN } });
  careful.log.logger.error("first");
  await careful.log.close();
  assert.deepEqual([server.mails, server.failures], [[], []]);
  const careless = logWith(server.port, { smtp: { host, login: LOGIN, insecure: true } });
  careless.log.logger.error("second");
  await careless.log.close();
  assert.equal(server.mails.length, 1);
  assert.deepEqual(server.failures, ["a password came without TLS"]);
});

/** A port that was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("a dead mail server is told of once a mail, and what is told is not mailed again", async () => {
  const { log, lines } = logWith(await deadPort(), { levels: ["error", "warn"], everyMs: 30 });
  log.logger.error("first");
  const told = () => lines.filter((line) => line.includes("could not be sent")).length;
  await eventually("three failures", async () => (told() >= 3 ? true : undefined));
  await log.close();
  // The line itself and what was told of the mail server: nothing of that became a line to be mailed.
  assert.equal(lines.join("").trimEnd().split("\n").length, 1 + told());
});

test("a mail server that goes on talking is given up in time", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).write("220 harbour\r\n");
    const talking = setInterval(() => socket.write("250-and\r\n"), 20);
    socket.on("close", () => clearInterval(talking));
    t.after(() => socket.destroy());
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const mail = { from: "a@example.com", to: ["b@example.com"], subject: "one", text: "one" };
  const place = { host: "127.0.0.1", port: address.port, insecure: false };
  await assert.rejects(sendMail(place, mail, 200), /not taken within 0.2 s/);
});

test("what could not be sent goes with the next mail", async (t) => {
  const server = await started(t);
  server.isFull = true;
  const { log, lines } = logWith(server.port);
  log.logger.error({ reason: "one" }, "first");
  await eventually("a failure", async () =>
    lines.join("").includes("could not be sent") ? true : undefined,
  );
  server.isFull = false;
  log.logger.error({ reason: "two" }, "second");
  await log.close();
  assert.equal(server.mails.length, 1);
  assert.match(server.mails[0]?.text ?? "", /reason: one[\s\S]*reason: two/);
});
