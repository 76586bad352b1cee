// One upload session of a writer, which may outlive the registry's process several times.
import { setTimeout as wait } from "node:timers/promises";
import type { Digest } from "../../src/oci/digest.ts";
import type { Answer, HttpCaller } from "../support/http-caller.ts";
import type { Random } from "../support/random.ts";
import { blobName, eventName, type Ledger, PRESENT } from "./ledger.ts";

/** What a session is made of. */
export interface UploadSessionParts {
  readonly http: HttpCaller;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly repository: string;
  readonly content: Buffer;
  readonly digest: Digest;
}

const OCTETS = { "content-type": "application/octet-stream" };

export class UploadSession {
  readonly #parts: UploadSessionParts;
  readonly #location: string;
  /** Bytes that the registry has said it has. */
  #acknowledged = 0;
  #ending = false;
  #cancelling = false;

  private constructor(parts: UploadSessionParts, location: string) {
    this.#parts = parts;
    this.#location = location;
  }

  static async create(parts: UploadSessionParts): Promise<UploadSession> {
    const path = `/v2/${parts.repository}/blobs/uploads/`;
    const answer = await parts.http.expect([202], { method: "POST", path });
    return new UploadSession(parts, locationOf(answer));
  }

  /** All that is missing, in requests of random size, now and then one without a length. */
  async sendChunks(): Promise<void> {
    const { content, random } = this.#parts;
    while (this.#acknowledged < content.length) {
      const rest = content.length - this.#acknowledged;
      const size = random.chance(0.3) ? rest : random.integer(2, Math.max(2, rest)); // one byte could not be told from none
      await this.#patch(content.subarray(this.#acknowledged, this.#acknowledged + size));
    }
  }

  /** The whole content in the request that also ends the session. */
  commitWithBody(): Promise<void> {
    return this.#end({ body: this.#parts.content.subarray(this.#acknowledged) });
  }

  commit(): Promise<void> {
    return this.#end({});
  }

  async cancel(): Promise<void> {
    const { http, ledger, repository } = this.#parts;
    this.#cancelling = true;
    const id = this.#location.split("/").at(-1) ?? "";
    await ledger.record({ effects: [], events: [eventName("uploadCancelled", repository, id)] }, async () => {
      await http.expect([204], { method: "DELETE", path: this.#location });
      return true;
    });
  }

  /** Asks where the session stands and takes it from there. False when it had ended already. */
  async finishAfterRestart(): Promise<boolean> {
    const { http } = this.#parts;
    const answer = await http.expect([204, 404], { method: "GET", path: this.#location });
    if (answer.status === 404) {
      if (!this.#ending && !this.#cancelling) throw new Error(`session ${this.#location} was lost`);
      if (this.#ending) await this.commit(); // asking again gives the same answer
      return false;
    }
    this.#continueAt(offsetOf(answer));
    await this.sendChunks();
    await this.commit();
    return true;
  }

  #continueAt(offset: number): void {
    const { content } = this.#parts;
    const least = this.#cancelling ? 0 : this.#acknowledged;
    if (offset < least || offset > content.length)
      throw new Error(
        `session ${this.#location} stands at ${offset}, which should be ${least} to ${content.length}`,
      );
    this.#cancelling = false;
    this.#acknowledged = offset;
  }

  async #patch(bytes: Buffer): Promise<void> {
    const { http, random } = this.#parts;
    const first = this.#acknowledged;
    const place = { "content-range": `${first}-${first + bytes.length - 1}` };
    const headers = random.chance(0.3) ? OCTETS : { ...OCTETS, ...place };
    const body = random.chance(0.5) ? bytes : slowly(bytes, random);
    const answer = await http.expect([202], { method: "PATCH", path: this.#location, headers, body });
    const offset = offsetOf(answer);
    if (offset !== first + bytes.length)
      throw new Error(`after ${first + bytes.length} bytes the session stands at ${offset}`);
    this.#acknowledged = offset;
  }

  async #end(options: { readonly body?: Buffer }): Promise<void> {
    const { http, ledger, repository, digest } = this.#parts;
    this.#ending = true;
    const attempt = {
      effects: [{ name: blobName(repository, digest), value: PRESENT }],
      events: [eventName("blobPushed", repository, digest)],
    };
    await ledger.record(attempt, async () => {
      const path = `${this.#location}?digest=${digest}`;
      await http.expect([201], { method: "PUT", path, headers: OCTETS, ...options });
      return true;
    });
  }
}

function locationOf({ headers: { location } }: Answer): string {
  if (location === undefined) throw new Error("the answer has no Location");
  return location;
}

/** Range is "0-<last>", both included; "0-0" stands for nothing yet. */
function offsetOf({ headers: { range } }: Answer): number {
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(range ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(last)) throw new Error(`the answer's Range is "${range}"`);
  return last === 0 ? 0 : last + 1;
}

async function* slowly(bytes: Buffer, random: Random): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = random.integer(2, 20_000);
    yield bytes.subarray(at, at + size);
    at += size;
    await wait(random.integer(0, 2));
  }
}
