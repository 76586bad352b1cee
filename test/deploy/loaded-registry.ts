// A registry that people use, with all that its metrics tell of: pushes, pulls, failures, deletions, collections, an open
// upload, a subscriber, a named consumer, and webhooks of which one is not answered.
import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { freePort, LocalRegistry, MAIN } from "../support/local-registry.ts";
import { run } from "../support/run.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

const KIB = 1024;

export class LoadedRegistry implements AsyncDisposable {
  /** "127.0.0.1:port": where its metrics are. */
  readonly debug: string;
  readonly #registry: LocalRegistry;
  readonly #http: HttpCaller;
  readonly #receiver: WebhookReceiver;
  readonly #stopping = new AbortController();
  #working: Promise<void> = Promise.resolve();

  private constructor(registry: LocalRegistry, receiver: WebhookReceiver, debug: string) {
    this.#registry = registry;
    this.#receiver = receiver;
    this.debug = debug;
    this.#http = new HttpCaller(registry.host);
  }

  /** It is under load until it is disposed of. */
  static async start(directory: string): Promise<LoadedRegistry> {
    const receiver = await WebhookReceiver.start(({ path }) => (path === "/broken" ? 500 : 200));
    const debug = `127.0.0.1:${await freePort()}`;
    const registry = await LocalRegistry.start({
      directory,
      http: { debug: { addr: debug, prometheus: { enabled: true } } },
      sections: {
        notifications: {
          endpoints: [
            { name: "deploy", url: `${receiver.url}/deploy` },
            { name: "broken", url: `${receiver.url}/broken`, backoff: "100ms", giveup: { attempts: 2 } },
          ],
        },
        storage: {
          filesystem: { rootdirectory: `${directory}/data` },
          delete: { enabled: true },
          maintenance: { gc: { grace: "1s", interval: "1s" } },
        },
        quotas: [{ repositories: ["small/**"], tags: 1 }],
      },
    });
    const loaded = new LoadedRegistry(registry, receiver, debug);
    await loaded.#begin();
    return loaded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#working;
    this.#http.close();
    await this.#registry.stop();
    await this.#receiver.close();
  }

  async #begin(): Promise<void> {
    await this.#http.expect([202], { method: "POST", path: "/v2/team/open/blobs/uploads/" });
    this.#follow("--as", "audit");
    await this.#round(0);
    await this.#stowage("trash", "purge", "--all", "--yes");
    this.#working = this.#work();
  }

  async #work(): Promise<void> {
    for (let round = 1; !this.#stopping.signal.aborted; round += 1) {
      await this.#round(round);
      await wait(50);
    }
  }

  /** What people do, and what goes wrong for them. */
  async #round(round: number): Promise<void> {
    const { digest } = await this.#push("team/app", `v${round % 20}`, `layer ${round}`);
    const get = (path: string, method = "GET") => this.#http.call({ method, path });
    await get("/v2/");
    for (const method of ["GET", "HEAD"]) await get(`/v2/team/app/manifests/v${round % 20}`, method);
    await get(`/v2/team/app/blobs/${digestOf(contentOf(`layer ${round}`))}`);
    await get("/v2/team/app/tags/list");
    await get("/v2/_catalog");
    await get(`/v2/team/app/referrers/${digest}`);
    await get(`/v2/team/app/blobs/${digestOf(Buffer.from(`no such ${round}`))}`, "HEAD");
    await get("/v2/team/app/manifests/no-such-tag");
    if (round % 2 === 0)
      await this.#http.call({ method: "DELETE", path: `/v2/team/app/manifests/${digest}` });
  }

  async #push(repository: string, tag: string, text: string): Promise<{ readonly digest: string }> {
    const [config, layer] = [Buffer.from(`{"of": "${text}"}`), contentOf(text)];
    for (const body of [config, layer]) {
      const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`;
      await this.#http.expect([201], { method: "POST", path, body });
    }
    const describe = (body: Buffer, mediaType: string) => ({
      mediaType,
      digest: digestOf(body),
      size: body.length,
    });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_IMAGE_MANIFEST,
        config: describe(config, "application/vnd.oci.image.config.v1+json"),
        layers: [describe(layer, "application/vnd.oci.image.layer.v1.tar")],
      }),
    );
    await this.#http.expect([201], {
      method: "PUT",
      path: `/v2/${repository}/manifests/${tag}`,
      headers: { "content-type": OCI_IMAGE_MANIFEST },
      body: manifest,
    });
    return { digest: digestOf(manifest) };
  }

  async #stowage(...args: readonly string[]): Promise<void> {
    await run([process.execPath, MAIN, ...args, "--server", this.#registry.url]);
  }

  /** Streams events until the load ends. */
  #follow(...options: readonly string[]): void {
    const args = [MAIN, "events", "--follow", ...options, "--server", this.#registry.url];
    const child = spawn(process.execPath, args, { stdio: "ignore", signal: this.#stopping.signal });
    child.on("error", () => {}); // that it is ended
  }
}

function contentOf(text: string): Buffer {
  return Buffer.alloc(16 * KIB, text);
}
