// A registry in a process of its own whose metrics are asked for, as Prometheus does.
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { ALICE, writeHtpasswd } from "../support/accounts.ts";
import { eventually } from "../support/eventually.ts";
import { parseExposition, type Series } from "../support/exposition.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { freePort, LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

/** What one address may have open. */
export const MOST_CONNECTIONS = 12;

/** What small/** may hold, in bytes. */
export const SMALL = 1000;

/** What was told at one moment. */
export class Scrape {
  readonly text: string;
  readonly series: readonly Series[];

  constructor(text: string) {
    this.text = text;
    this.series = parseExposition(text);
  }

  /** The series with this name and these labels among others. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly Series[] {
    const wanted = Object.entries(labels);
    return this.series.filter(
      (series) => series.name === name && wanted.every(([label, value]) => series.labels[label] === value),
    );
  }

  /** The sum of them; undefined: there are none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name, labels);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}

export class MeasuredRegistry implements AsyncDisposable {
  readonly registry: LocalRegistry;
  readonly receiver: WebhookReceiver;
  readonly http: HttpCaller;
  readonly metricsUrl: string;
  readonly #directory: string;

  private constructor(
    registry: LocalRegistry,
    receiver: WebhookReceiver,
    place: { readonly metricsUrl: string; readonly directory: string },
  ) {
    this.registry = registry;
    this.receiver = receiver;
    this.http = new HttpCaller(registry.host);
    this.metricsUrl = place.metricsUrl;
    this.#directory = place.directory;
  }

  static async start(): Promise<MeasuredRegistry> {
    const directory = await makeTemporaryDirectory();
    const receiver = await WebhookReceiver.start();
    const port = await freePort();
    const htpasswd = await writeHtpasswd(directory, [ALICE]);
    const registry = await LocalRegistry.start({
      directory,
      http: {
        debug: { addr: port, prometheus: { enabled: true } },
        limits: { connectionsperaddress: MOST_CONNECTIONS },
      },
      sections: {
        storage: {
          filesystem: { rootdirectory: `${directory}/data` },
          delete: { enabled: true, trash: "0s" },
        },
        auth: { htpasswd: { path: htpasswd }, policy: [{ who: ["anyone", "user:alice"], allow: "admin" }] },
        notifications: {
          endpoints: [{ name: "deploy", url: receiver.url, backoff: "50ms", maxbackoff: "50ms" }],
        },
        quotas: [{ name: "little", repositories: "small/**", bytes: SMALL }],
      },
    });
    return new MeasuredRegistry(registry, receiver, {
      directory,
      metricsUrl: `http://127.0.0.1:${port}/metrics`,
    });
  }

  async scrape(): Promise<Scrape> {
    const response = await fetch(this.metricsUrl);
    if (response.status !== 200) throw new Error(`${this.metricsUrl} answered ${response.status}`);
    return new Scrape(await response.text());
  }

  /** The first scrape that shows what was done, which may be a moment later. */
  when(what: string, isSo: (scrape: Scrape) => boolean): Promise<Scrape> {
    return eventually(what, async () => {
      const scrape = await this.scrape();
      return isSo(scrape) ? scrape : undefined;
    });
  }

  /** Resolves to its digest. */
  async pushBlob(repository: string, body: Uint8Array, statuses: readonly number[] = [201]): Promise<string> {
    const digest = digestOf(body);
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
    await this.http.expect(statuses, { method: "POST", path, body });
    return digest;
  }

  get events() {
    return createClient(EventService, this.#transport);
  }

  get maintenance() {
    return createClient(MaintenanceService, this.#transport);
  }

  /** As Alice: who has no name cannot have a consumer. */
  get #transport() {
    const authorization = `Basic ${Buffer.from(`${ALICE.user}:${ALICE.password}`).toString("base64")}`;
    const asAlice: Interceptor = (next) => (request) => {
      request.header.set("Authorization", authorization);
      return next(request);
    };
    return createConnectTransport({
      baseUrl: this.registry.url,
      httpVersion: "2",
      interceptors: [asAlice],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.http.close();
    await this.registry.stop();
    await this.receiver.close();
    await removeTemporaryDirectory(this.#directory);
  }
}
