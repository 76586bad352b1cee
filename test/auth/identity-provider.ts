// An identity provider on a port of its own, which can be made to behave badly.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";

/** A key pair with its name. */
export interface ProviderKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function makeKey(kid: string): ProviderKey {
  return { kid, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
}

const DISCOVERY = "/.well-known/openid-configuration";

export class IdentityProvider implements AsyncDisposable {
  readonly issuer: string;
  /** Those that it publishes; the first signs. */
  keys: readonly ProviderKey[] = [makeKey("first")];
  /** What its configuration says besides, or instead. */
  configuration: Readonly<Record<string, unknown>> = {};
  /** Answers in its stead, by path. */
  readonly answers = new Map<string, RequestListener>();
  /** Paths, in order. */
  readonly requests: string[] = [];
  readonly #server: Server;

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new IdentityProvider(server);
  }

  constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => this.#answer(request, response));
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A token of its own, good for five minutes at that time. */
  async sign(
    now: number,
    claims: object = {},
    { header = {}, key = this.keys[0] }: SignOptions = {},
  ): Promise<string> {
    const exp = Math.floor(now / 1000) + 300;
    if (key === undefined) throw new Error("there is no key");
    return await new SignJWT({ iss: this.issuer, aud: "stowage", sub: "job-1", exp, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: key.kid, typ: "JWT", ...header })
      .sign(key.privateKey);
  }

  /** How often its keys were asked for. */
  get fetches(): number {
    return this.requests.filter((path) => path === "/keys").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    this.requests.push(path);
    const other = this.answers.get(path);
    if (other !== undefined) {
      other(request, response);
      return;
    }
    const document = this.#documents()[path];
    response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document));
  }

  #documents(): Readonly<Record<string, unknown>> {
    const keys = this.keys.map(({ kid, publicKey }) => ({ ...publicKey.export({ format: "jwk" }), kid }));
    const configuration = { issuer: this.issuer, jwks_uri: `${this.issuer}/keys`, ...this.configuration };
    return { "/keys": { keys }, [DISCOVERY]: configuration };
  }
}

export interface SignOptions {
  readonly header?: object | undefined;
  readonly key?: ProviderKey | undefined;
}
