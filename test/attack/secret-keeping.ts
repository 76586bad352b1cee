// Secrets and a client that remember: what was made secret, what was told to the
// registry, and what its answers show.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { Answer } from "../support/http-caller.ts";
import type { Question } from "./fortress.ts";

/** All secrets by what they are, as they were made or given out. */
export class Secrets {
  readonly all = new Map<string, string>();
  /** Everything that was told to the registry. */
  told = "";

  /** Remembers a secret; without a text, makes one. */
  make(name: string, text = randomBytes(18).toString("base64url").replaceAll(/[-_]/g, "x")): string {
    assert.ok(!this.all.has(name), `two secrets are called ${name}`);
    this.all.set(name, text);
    return text;
  }

  /** Each secret in each form that it could show in. */
  forms(): readonly (readonly [string, string])[] {
    return [...this.all].flatMap(([name, text]) => [
      [name, text],
      [`${name}, percent-encoded`, encodeURIComponent(text)],
      [`${name}, a part of it`, text.slice(8, 24)],
      [`${name}, in Base64`, Buffer.from(text).toString("base64").slice(0, -4)],
    ]);
  }

  assertNotIn(what: string, text: string): void {
    for (const [name, form] of this.forms()) {
      const place = text.indexOf(form);
      const around = text.slice(Math.max(0, place - 200), place + 60);
      assert.ok(place < 0, `${what} holds the ${name}: …${around}`);
    }
  }
}

/** What is given out once, where it was asked for. */
const GIVEN = /"(?:token|access_token|refresh_token|refreshToken|accessToken)":"([^"]+)"/g;

export class Client {
  /** All answers but what they gave out. */
  seen = "";
  readonly #host: string;
  readonly #secrets: Secrets;
  #addresses = 0;

  constructor(host: string, secrets: Secrets) {
    this.#host = host;
    this.#secrets = secrets;
  }

  ask({ method = "GET", path, headers, body, authorization }: Question): Promise<Answer> {
    const [hostname, port] = this.#host.split(":");
    const sent = {
      ...headers,
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { "content-length": body.length }),
    };
    const plain = Object.values(sent).map((value) =>
      Buffer.from(/^Basic (.*)$/.exec(String(value))?.[1] ?? "", "base64").toString(),
    );
    this.#secrets.told += `${path} ${JSON.stringify(sent)} ${plain.join(" ")} ${Buffer.from(body ?? [])}\n`;
    this.#addresses += 1;
    // Each from its own address: who guesses passwords waits.
    const localAddress = `127.0.2.${this.#addresses}`;
    return new Promise((resolve, reject) => {
      const peer = { hostname, port, localAddress, agent: false, rejectUnauthorized: false };
      const options = { ...peer, path, method, headers: sent };
      const outgoing = request(options, async (response) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const answer = {
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        };
        const shown = answer.body.toString().replaceAll(GIVEN, '"given":"…"');
        this.seen += `${method} ${path.split("?")[0]} ${answer.status} ${JSON.stringify(answer.headers)} ${shown}\n`;
        resolve(answer);
      });
      outgoing.once("error", reject);
      outgoing.end(body);
    });
  }

  /** A call by Connect, as JSON. */
  async rpc(method: string, message: object, authorization?: string): Promise<Answer> {
    return this.ask({
      method: "POST",
      path: `/stowage.v1.${method}`,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(message)),
      ...(authorization !== undefined && { authorization }),
    });
  }

  /** Posts a form to the token endpoint. */
  form(values: Readonly<Record<string, string>>): Promise<Answer> {
    return this.ask({
      method: "POST",
      path: "/auth/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(new URLSearchParams(values).toString()),
    });
  }
}

/** The bytes of all files below a folder. */
export async function textOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => readFile(join(parentPath, name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}
