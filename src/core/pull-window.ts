// The pulls of one moment, as many as are worth an event of their own and, behind
// those, counts of what the same clients pulled.
import type { Digest } from "../oci/digest.ts";
import type { Pull } from "./listener.ts";
import type { RequestRecord } from "./origin.ts";

/** A pull, or several of the same client, of which this was the first. */
export interface RecordedPull extends NewPull {
  count: number;
  /** The event's id, once it was given one. */
  id: string | undefined;
}

/** A pull to be recorded. */
export interface NewPull {
  readonly pull: Pull;
  readonly request: RequestRecord | undefined;
  readonly actor: string | undefined;
  readonly time: number;
}

/** So many pulls get an event each. */
const MAX_SINGLE = 1000;

/** So many different ones are counted behind those. */
const MAX_COUNTED = 10_000;

export class PullWindow {
  readonly #single: RecordedPull[] = [];
  readonly #counted: RecordedPull[] = [];
  /** The same by digest, which is found quickest, and then by all else that must be the same. */
  readonly #byDigest = new Map<Digest, Map<string, RecordedPull>>();
  #dropped = 0;

  /** How many pulls were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  add(pull: NewPull): void {
    if (this.#single.length < MAX_SINGLE) this.#single.push(recorded(pull));
    else this.#count(pull);
  }

  /** In the order in which they came, those that were counted behind the others. */
  get pulls(): readonly RecordedPull[] {
    return [...this.#single, ...this.#counted];
  }

  #count(pull: NewPull): void {
    const { digest } = pull.pull.descriptor;
    const others = this.#byDigest.get(digest) ?? new Map<string, RecordedPull>();
    const key = keyOf(pull);
    const known = others.get(key);
    if (known !== undefined) known.count++;
    else if (this.#counted.length === MAX_COUNTED) this.#dropped++;
    else {
      const first = recorded(pull);
      this.#counted.push(first);
      this.#byDigest.set(digest, others.set(key, first));
    }
  }
}

function recorded({ pull, request, actor, time }: NewPull): RecordedPull {
  return { pull, request, actor, time, count: 1, id: undefined };
}

/** The same for pulls of a digest that may share an event. No part but the last can hold a line break. */
function keyOf({ pull: { repository, tag }, request, actor = "" }: NewPull): string {
  if (request === undefined) return `${repository}\n${tag ?? ""}\n\n${actor}`;
  const { address = "", method, host = "", userAgent = "" } = request;
  // Without the port, which is another for each connection.
  const client = address.slice(0, address.lastIndexOf(":"));
  return `${repository}\n${tag ?? ""}\n${client}\n${method}\n${host}\n${userAgent}\n${actor}`;
}
