// Somebody's token server, made from Docker's documents: docs.docker.com/registry/spec/auth/token (GET) and
// /oauth (POST). Users have passwords, a rule of the test's says what they may do, and whoever asks offline gets a
// refresh token. It keeps what it was asked.
import { randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { exportJWK, generateKeyPair, importPKCS8, type JWTHeaderParameters, SignJWT } from "jose";
import { Authority } from "./certificates.ts";

/** How tokens say which key signed them: ES256 with a certificate, or RS256 with the name of a key. */
export type TokenSigning = "x5c" | "jwks";

export interface TokenServerOptions {
  /** For its keys. */
  readonly directory: string;
  readonly signing: TokenSigning;
  /** Passwords by name. */
  readonly users: Readonly<Record<string, string>>;
  /** What a user may do with a repository; undefined: who did not say who they are. */
  readonly actionsOf: (user: string | undefined, repository: string) => readonly string[];
}

/** What a client asked. */
export interface TokenQuestion {
  readonly method: string;
  /** The refresh token's, or who had the password. Undefined: nobody in particular. */
  readonly user: string | undefined;
  readonly scopes: readonly string[];
  readonly grant: "basic" | "password" | "refresh_token" | "none";
}

const SERVICE = "registry.test";
const ISSUER = "somebody's tokens";

interface Signer {
  /** Members of the registry's auth.token. */
  readonly trust: Readonly<Record<string, unknown>>;
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

export class TokenServer {
  readonly questions: TokenQuestion[] = [];
  readonly #options: TokenServerOptions;
  readonly #signer: Signer;
  readonly #refreshTokens = new Map<string, string>();
  readonly #server: Server;

  private constructor(options: TokenServerOptions, signer: Signer) {
    this.#options = options;
    this.#signer = signer;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: TokenServerOptions): Promise<TokenServer> {
    const made = options.signing === "x5c" ? withCertificate : withKeySet;
    const server = new TokenServer(options, await made(options.directory));
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** The registry's auth.token. */
  get settings(): Readonly<Record<string, unknown>> {
    const address = this.#server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    return {
      realm: `http://127.0.0.1:${port}/token`,
      service: SERVICE,
      issuer: ISSUER,
      ...this.#signer.trust,
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const isForm = request.method === "POST";
    const form = isForm ? new URLSearchParams(Buffer.concat(chunks).toString()) : searchParams;
    const identity = isForm ? this.#byForm(form) : this.#byHeader(request.headers.authorization);
    if (identity === undefined || form.get("service") !== SERVICE) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "who are you?" }] }));
      return;
    }
    const scopes = form
      .getAll("scope")
      .flatMap((scope) => scope.split(" "))
      .filter((scope) => scope !== "");
    this.questions.push({ ...identity, method: request.method ?? "", scopes });
    const isOffline = form.get("offline_token") === "true" || form.get("access_type") === "offline";
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(await this.#grant(identity.user, { scopes, isOffline })));
  }

  #byHeader(authorization: string | undefined): Pick<TokenQuestion, "user" | "grant"> | undefined {
    if (authorization === undefined) return { user: undefined, grant: "none" };
    const text = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
    const [, user = "", password] = /^([^:]*):(.*)$/s.exec(text) ?? [];
    return this.#options.users[user] === password ? { user, grant: "basic" } : undefined;
  }

  #byForm(form: URLSearchParams): Pick<TokenQuestion, "user" | "grant"> | undefined {
    if (form.get("grant_type") === "refresh_token") {
      const user = this.#refreshTokens.get(form.get("refresh_token") ?? "");
      return user === undefined ? undefined : { user, grant: "refresh_token" };
    }
    const user = form.get("username") ?? "";
    return this.#options.users[user] === form.get("password") ? { user, grant: "password" } : undefined;
  }

  async #grant(
    user: string | undefined,
    { scopes, isOffline }: { readonly scopes: readonly string[]; readonly isOffline: boolean },
  ): Promise<Readonly<Record<string, unknown>>> {
    const access = scopes.map((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      const allowed = this.#options.actionsOf(user, name);
      return { type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) };
    });
    const now = Math.floor(Date.now() / 1000);
    const token = await this.#signer.sign({
      iss: ISSUER,
      aud: SERVICE,
      sub: user ?? "",
      iat: now,
      nbf: now,
      exp: now + 300,
      jti: randomUUID(),
      access: access.filter(({ actions }) => actions.length > 0),
    });
    const refresh = isOffline && user !== undefined && { refresh_token: this.#refreshTokenFor(user) };
    return {
      token,
      access_token: token,
      expires_in: 300,
      issued_at: new Date(now * 1000).toISOString(),
      ...refresh,
    };
  }

  #refreshTokenFor(user: string): string {
    const token = randomBytes(18).toString("base64url");
    this.#refreshTokens.set(token, user);
    return token;
  }
}

/** The registry knows the authority; the certificate comes with each token. */
async function withCertificate(directory: string): Promise<Signer> {
  const authority = await Authority.make(directory, "tokens");
  const { certificate, key } = await authority.issue({ subject: "/CN=token signer" });
  const { raw } = new X509Certificate(await readFile(certificate));
  const header = { alg: "ES256", typ: "JWT", x5c: [raw.toString("base64")] };
  return {
    trust: { rootcertbundle: authority.path },
    sign: signWith(header, await importPKCS8(await readFile(key, "utf8"), "ES256")),
  };
}

/** The registry knows the key by its name. */
async function withKeySet(directory: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const kid = "first";
  const path = join(directory, "jwks.json");
  const key = { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" };
  await writeFile(path, JSON.stringify({ keys: [key] }));
  return { trust: { jwks: path }, sign: signWith({ alg: "RS256", typ: "JWT", kid }, privateKey) };
}

function signWith(header: JWTHeaderParameters, key: Parameters<SignJWT["sign"]>[0]): Signer["sign"] {
  return (claims) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(key);
}
