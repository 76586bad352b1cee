// Clients that push to a registry while it is ended and started again, for tests that look at something else.
import { digestOf } from "../../src/oci/digest.ts";
import { EventLogReader } from "../support/event-log.ts";
import { HttpCaller } from "../support/http-caller.ts";
import type { LocalRegistry } from "../support/local-registry.ts";
import type { Random } from "../support/random.ts";
import { EventReplay } from "./event-replay.ts";
import { type InspectionParts, inspectChanges } from "./inspection.ts";
import { blobName, eventName, Ledger, PRESENT } from "./ledger.ts";
import { Writer } from "./writer.ts";

const SHARED_REPOSITORY = "crash/shared";

/** While it ends, a registry may say so. */
const REFUSALS = [503];

export class Load implements Disposable {
  readonly #parts: InspectionParts;
  readonly #writers: readonly Writer[];

  private constructor(parts: InspectionParts, writers: readonly Writer[]) {
    this.#parts = parts;
    this.#writers = writers;
  }

  static async start(registry: LocalRegistry, random: Random, count: number): Promise<Load> {
    const contents = Array.from({ length: 12 }, () => random.bytes(random.integer(100, 3_000)));
    const parts = {
      http: new HttpCaller(registry.host, REFUSALS),
      events: new EventLogReader(registry.url),
      ledger: new Ledger(),
      replay: new EventReplay(),
    };
    const workshop = { ...parts, contents, sharedRepository: SHARED_REPOSITORY };
    const writers = Array.from(
      { length: count },
      (_, number) => new Writer(workshop, `crash/writer-${number}`, random.fork()),
    );
    const load = new Load(parts, writers);
    await load.#pushShared(contents[0] ?? Buffer.alloc(0));
    return load;
  }

  /** Lets the clients work for so long, and then ends the registry under their hands. */
  async work(during: Promise<unknown>, end: () => Promise<void>): Promise<void> {
    const ending = new AbortController();
    const work = Promise.all(this.#writers.map((writer) => writer.work(ending.signal)));
    try {
      await Promise.race([during, work]);
    } finally {
      ending.abort();
      await end();
    }
    await work;
  }

  /** Settles what the last work came to; throws when something acknowledged is missing. */
  inspectChanges(): Promise<void> {
    return inspectChanges(this.#parts);
  }

  [Symbol.dispose](): void {
    this.#parts.http.close();
  }

  async #pushShared(body: Buffer): Promise<void> {
    const { http, ledger } = this.#parts;
    const digest = digestOf(body);
    const path = `/v2/${SHARED_REPOSITORY}/blobs/uploads/?digest=${digest}`;
    const attempt = {
      effects: [{ name: blobName(SHARED_REPOSITORY, digest), value: PRESENT }],
      events: [eventName("blobPushed", SHARED_REPOSITORY, digest)],
    };
    await ledger.record(attempt, async () => {
      await http.expect([201], { method: "POST", path, body });
      return true;
    });
  }
}
