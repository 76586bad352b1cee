// Tokens to call with: from the registry's own endpoint, and as somebody else's token
// server would sign them.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CryptoKey, exportJWK, type JWK, type KeyObject, SignJWT } from "jose";
import { BASIC } from "./accounts.ts";

/** The repositories that the generator works in, and what it does there. */
const SCOPES = ["repository:bench/head-manifest:pull,push", "repository:bench/head-blob:pull,push"];

/** An Authorization header with a token from /auth/token of the registry. */
export async function ownToken(url: string): Promise<string> {
  const query = new URLSearchParams({ service: "stowage" });
  for (const scope of SCOPES) query.append("scope", scope);
  return bearer(await ask(`${url}/auth/token?${query}`));
}

/** The same with an access token for the repositories of the benchmark. */
export async function accessToken(url: string): Promise<string> {
  const body = JSON.stringify({ description: "benchmark", scopes: ["repository:bench/**:pull,push"] });
  return bearer(await ask(`${url}/stowage.v1.AuthService/CreateAccessToken`, body));
}

const SERVICE = "benchmark";
const ISSUER = "the benchmark's token server";
const KEY_ID = "benchmark";

/** A token server that signs with ES256 and has nothing but its key. */
export interface TokenServer {
  /** `auth.token` of a registry that believes it. */
  readonly section: object;
  readonly authorization: () => Promise<string>;
}

/** Writes the key set into the folder. */
export async function tokenServer(folder: string): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwks = join(folder, "keys.json");
  const key: JWK = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: "ES256", use: "sig" };
  await writeFile(jwks, JSON.stringify({ keys: [key] }));
  const section = { realm: "http://127.0.0.1/token", service: SERVICE, issuer: ISSUER, jwks };
  return { section, authorization: () => foreignToken(privateKey) };
}

async function foreignToken(key: CryptoKey | KeyObject): Promise<string> {
  const access = SCOPES.map((scope) => {
    const [type = "", name = "", actions = ""] = scope.split(":");
    return { type, name, actions: actions.split(",") };
  });
  const token = await new SignJWT({ access })
    .setProtectedHeader({ alg: "ES256", kid: KEY_ID, typ: "JWT" })
    .setIssuer(ISSUER)
    .setAudience(SERVICE)
    .setSubject("alice")
    .setJti(randomUUID())
    .setIssuedAt()
    .setNotBefore("0s")
    .setExpirationTime("1h")
    .sign(key);
  return `Bearer ${token}`;
}

/** Asks as Alice; posts when there is a body. */
async function ask(url: string, body?: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { authorization: BASIC, "content-type": "application/json" },
    ...(body !== undefined && { method: "POST", body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

function bearer(answer: unknown): string {
  if (
    typeof answer !== "object" ||
    answer === null ||
    !("token" in answer) ||
    typeof answer.token !== "string"
  )
    throw new Error(`no token in ${JSON.stringify(answer)}`);
  return `Bearer ${answer.token}`;
}
