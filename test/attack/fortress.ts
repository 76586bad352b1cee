// A whole registry that guards something: users, a robot and a policy that keeps
// secret/** for root. And what attackers need: requests from any loopback address.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { type CallOptions, type Code, ConnectError } from "@connectrpc/connect";
import bcrypt from "@node-rs/bcrypt";
import { stringify } from "yaml";
import { openWholeServer, type WholeServer } from "../server/whole-server.ts";
import type { Answer, Call } from "../support/http-caller.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

/** Of everybody; hashed as cheaply as bcrypt can. */
export const PASSWORD = "correct horse";

const HASH = bcrypt.hashSync(PASSWORD, 4);

/** As the users file holds them. */
export const ACCOUNTS = {
  users: {
    root: { password: HASH },
    alice: { password: HASH, groups: ["dev"] },
    bob: { password: HASH },
  },
  robots: { ci: { password: HASH, scopes: ["repository:acme/app:pull"] } },
};

/** Rules that let everybody into public/**, the people of dev into acme/**, bob into bob/**, and root everywhere. */
export const POLICY = [
  { repositories: "public/**", who: "anyone", allow: "pull" },
  { repositories: "secret/**", who: "user:root", allow: "admin" },
  { repositories: "secret/**", who: "anyone", deny: ["pull", "push", "delete", "admin"] },
  { repositories: "acme/**", who: ["group:dev", "robot:ci"], allow: ["pull", "push", "delete"] },
  { repositories: "bob/**", who: "user:bob", allow: ["pull", "push"] },
  { who: "user:root", allow: "admin" },
];

export interface FortressOptions {
  /** More settings, by the names of their environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly keepaliveMs?: number;
  /** The text of the users file. Absent: that of ACCOUNTS. */
  readonly accounts?: string;
  /** Called with the folder before the registry opens it. */
  readonly prepare?: (folder: string) => Promise<void>;
}

export interface Fortress extends AsyncDisposable {
  readonly server: WholeServer;
  readonly host: string;
  readonly url: string;
  /** The file of users, which is read again when it changes. */
  readonly usersPath: string;
}

export async function openFortress(options: FortressOptions = {}): Promise<Fortress> {
  const { settings = {}, keepaliveMs, accounts = stringify(ACCOUNTS), prepare } = options;
  const directory = await makeTemporaryDirectory();
  const usersPath = join(directory, "users.yml");
  const folder = join(directory, "data");
  await writeFile(usersPath, accounts);
  await prepare?.(folder);
  const server = await openWholeServer({
    folder,
    settings: {
      REGISTRY_AUTH_USERS_PATH: usersPath,
      REGISTRY_AUTH_POLICY: JSON.stringify(POLICY),
      ...settings,
    },
    ...(keepaliveMs !== undefined && { keepaliveMs }),
  });
  const { host, url } = server;
  return {
    server,
    host,
    url,
    usersPath,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await removeTemporaryDirectory(directory);
    },
  };
}

/** One request, from where it comes. */
export interface Question extends Partial<Call> {
  readonly path: string;
  /** An address of this machine. Absent: 127.0.0.1. */
  readonly from?: string;
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array;
}

/** Asks over a connection of its own and reads the whole answer. */
export function ask(host: string, question: Question): Promise<Answer> {
  const { method = "GET", path, headers, body, from, authorization } = question;
  const [hostname, port] = host.split(":");
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      path,
      method,
      agent: false,
      headers: {
        ...headers,
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && { "content-length": body.length }),
      },
      ...(from !== undefined && { localAddress: from }),
    });
    sent.once("error", reject);
    sent.once("response", async (response) => {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    sent.end(body);
  });
}

export function basic(user: string, password = PASSWORD): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** A token for the scope, by Docker's protocol. */
export async function fetchToken(host: string, scope: string, authorization?: string): Promise<string> {
  const query = new URLSearchParams({ service: "stowage", scope });
  const answer = await ask(host, { path: `/auth/token?${query}`, authorization });
  assert.equal(answer.status, 200, answer.body.toString());
  return String(JSON.parse(answer.body.toString()).token);
}

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** A manifest whose only content is the text, and what may be said beside it. */
export interface Pushed {
  readonly digest: string;
  readonly blob: string;
  readonly size: number;
}

/** Pushes, as root, a blob of the text and a manifest with it. */
export async function push(
  host: string,
  { repository, tag, text, subject }: { repository: string; tag: string; text: string; subject?: Pushed },
): Promise<Pushed> {
  const authorization = basic("root");
  const blob = digestOf(text);
  const upload = await ask(host, {
    method: "POST",
    path: `/v2/${repository}/blobs/uploads/?digest=${blob}`,
    body: Buffer.from(text),
    authorization,
  });
  assert.equal(upload.status, 201, upload.body.toString());
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: "application/x-test",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: blob, size: text.length },
    layers: [],
    ...(subject !== undefined && {
      subject: { mediaType: MANIFEST_TYPE, digest: subject.digest, size: subject.size },
    }),
  });
  const pushed = await ask(host, {
    method: "PUT",
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { "content-type": MANIFEST_TYPE },
    body: Buffer.from(manifest),
    authorization,
  });
  assert.equal(pushed.status, 201, pushed.body.toString());
  return { digest: digestOf(manifest), blob, size: manifest.length };
}

export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Call options of who shows this; undefined: nothing. */
export function by(authorization: string | undefined): CallOptions {
  return authorization === undefined ? {} : { headers: { authorization } };
}

/** How the call failed, or that it did not. */
export async function codeOf(call: Promise<unknown>): Promise<Code | "answered"> {
  return call.then(
    () => "answered",
    (error: unknown) => ConnectError.from(error).code,
  );
}
