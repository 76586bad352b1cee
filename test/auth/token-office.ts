// A catalogue in memory, a clock that stands still until it is moved, and everything
// that makes tokens of the registry's own.
import assert from "node:assert/strict";
import { v7 } from "uuid";
import { AccessTokens, type AccessTokensOptions } from "../../src/auth/access-tokens.ts";
import { Issuer } from "../../src/auth/issuer.ts";
import { RefreshTokens } from "../../src/auth/refresh-tokens.ts";
import { SigningKeys } from "../../src/auth/signing-keys.ts";
import type { IssuerConfig } from "../../src/config/access.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import type { Engine } from "../../src/metadata/engine.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const CONFIG: IssuerConfig = {
  service: "registry.example.com",
  issuer: "stowage",
  lifetimeMs: 5 * MINUTE,
  refreshLifetimeMs: 90 * DAY,
  rotationMs: 30 * DAY,
};

export class TokenOffice implements AsyncDisposable {
  readonly engine: Engine;
  readonly metadata: Catalogue;
  readonly clock = { time: Date.UTC(2026, 0, 1) };
  readonly now = () => this.clock.time;
  /** What was reported. */
  readonly reports: string[] = [];
  readonly #open: AccessTokens[] = [];
  #made = 0;

  static async open(): Promise<TokenOffice> {
    return new TokenOffice(await openMemoryEngine());
  }

  constructor(engine: Engine) {
    this.engine = engine;
    this.metadata = new Catalogue(engine);
  }

  /** What all of them are made of. */
  get common() {
    return {
      metadata: this.metadata,
      now: this.now,
      newId: () => v7({ msecs: this.clock.time, seq: this.#made++ }), // in order also within a millisecond
      report: (message: string) => void this.reports.push(message),
    };
  }

  keys(metadata = this.metadata): SigningKeys {
    return new SigningKeys({ ...this.common, ...CONFIG, metadata });
  }

  issuer(config: Partial<IssuerConfig> = {}): Promise<Issuer> {
    return Issuer.open({ ...this.common, config: { ...CONFIG, ...config } });
  }

  async accessTokens(options: Partial<AccessTokensOptions> = {}): Promise<AccessTokens> {
    const tokens = await AccessTokens.open({ ...this.common, ...options });
    this.#open.push(tokens);
    return tokens;
  }

  refreshTokens(accessTokens?: AccessTokens, mostPerPrincipal?: number): RefreshTokens {
    return new RefreshTokens({
      ...this.common,
      lifetimeMs: CONFIG.refreshLifetimeMs,
      isTokenGood: (id) => accessTokens?.isGood(id) ?? false,
      ...(mostPerPrincipal !== undefined && { mostPerPrincipal }),
    });
  }

  /** Every row of the catalogue as it lies there, but for its format: keys and values. */
  async rows(): Promise<readonly { readonly key: string; readonly text: string }[]> {
    const entries = await this.engine.scan({ from: "\0", to: "\x7f", limit: 1_000_000 });
    const rows = entries.filter(({ key }) => key !== "x/format");
    return rows.map(({ key, value }) => ({ key, text: Buffer.from(value).toString("latin1") }));
  }

  /** Fails when the secret lies anywhere, or any of its pieces. */
  async expectNowhere(secret: string): Promise<void> {
    const rows = await this.rows();
    assert.ok(rows.length > 0);
    for (const piece of [secret, secret.slice(5), secret.slice(5, 25), secret.slice(25, 45)])
      for (const { key, text } of rows) assert.ok(!`${key} ${text}`.includes(piece), `${key} holds a secret`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tokens of this.#open) await tokens.close();
    await this.metadata.close();
  }
}

/** The code of the RegistryError that it is refused with, and its words. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error, String(error));
    return `${String(error.code)}: ${error.message}`;
  }
  return "it was answered";
}
