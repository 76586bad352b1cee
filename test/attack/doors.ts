// How a bad token must be answered: by every way in exactly as nonsense is, so that
// nobody learns from the answer how near a forgery came.
import assert from "node:assert/strict";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { ask, basic, bearer, type Fortress } from "./fortress.ts";

/** A manifest that must be there, and the scope for it. */
export const PATH = "/v2/acme/app/manifests/v1";
export const SCOPE = "repository:acme/app:pull";

export const NONSENSE = "nonsense";

export class Doors {
  readonly #fortress: Fortress;
  readonly #transports: readonly Transport[];
  #addresses = 0;

  constructor(fortress: Fortress) {
    const baseUrl = fortress.url;
    this.#fortress = fortress;
    this.#transports = [
      createConnectTransport({ baseUrl, httpVersion: "1.1" }),
      createGrpcTransport({ baseUrl }),
    ];
  }

  async assertOpen(token: string): Promise<void> {
    for (const authorization of [bearer(token), basic("any", token)])
      assert.equal((await ask(this.#fortress.host, { path: PATH, authorization })).status, 200);
    for (const transport of this.#transports)
      assert.equal(await overRpc(transport, bearer(token)), "it was answered");
  }

  async assertLikeNonsense(token: string): Promise<void> {
    const { host } = this.#fortress;
    assert.deepEqual(await overHttp(host, bearer(token)), await overHttp(host, bearer(NONSENSE)));
    for (const transport of this.#transports)
      assert.deepEqual(await overRpc(transport, bearer(token)), await overRpc(transport, bearer(NONSENSE)));
    // From an address of its own: who guesses passwords waits.
    this.#addresses += 1;
    const from = `127.0.1.${this.#addresses}`;
    assert.deepEqual(
      await overHttp(host, basic("alice", token), from),
      await overHttp(host, basic("alice", NONSENSE), from),
    );
  }
}

/** What is told, without what is different each time. */
async function overHttp(host: string, authorization: string, from = "127.0.0.1"): Promise<unknown> {
  const answer = await ask(host, { path: PATH, authorization, from });
  const { date: _now, "x-request-id": _id, ...headers } = answer.headers;
  return { status: answer.status, headers, body: answer.body.toString() };
}

async function overRpc(transport: Transport, authorization: string): Promise<unknown> {
  const client = createClient(ManifestService, transport);
  const reference = { name: { case: "tag", value: "v1" } } as const;
  const failure = await client
    .getManifest({ repository: "acme/app", reference }, { headers: { authorization } })
    .then(
      () => "it was answered",
      (error: unknown) => ConnectError.from(error),
    );
  if (typeof failure === "string") return failure;
  const { code, rawMessage, metadata, details } = failure;
  return { code, rawMessage, challenge: metadata.get("www-authenticate"), details };
}
