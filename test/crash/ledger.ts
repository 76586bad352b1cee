// What the clients know: the last value of each name that was acknowledged, and the values that were on their way
// when the registry died. Also how often each kind of event must be in the log, and may be.

/** The value of a name under which there is nothing. */
export const ABSENT = "absent";

/** The value of a blob or manifest that is there. */
export const PRESENT = "present";

/** What a request will do if it succeeds. */
export interface Effect {
  /** Made by blobName, manifestName or tagName. */
  readonly name: string;
  readonly value: string;
}

/** A request that may have happened or not. */
export interface Attempt {
  readonly effects: readonly Effect[];
  /** Events that it appends if it succeeds; see eventName. */
  readonly events: readonly string[];
}

interface EventCount {
  attempted: number;
  acknowledged: number;
}

const SEPARATOR = " ";

export const blobName = (repository: string, digest: string): string => join("blob", repository, digest);
export const manifestName = (repository: string, digest: string): string =>
  join("manifest", repository, digest);
export const tagName = (repository: string, tag: string): string => join("tag", repository, tag);

/** Events are counted by kind, repository, and digest or tag. */
export const eventName = (kind: string, repository: string, subject: string): string =>
  join(kind, repository, subject);

/** The parts of a name: what it is, where, and of what. */
export function splitName(name: string): readonly [kind: string, repository: string, subject: string] {
  const [kind = "", repository = "", subject = ""] = name.split(SEPARATOR);
  return [kind, repository, subject];
}

export class Ledger {
  readonly #possible = new Map<string, ReadonlySet<string>>();
  readonly #counts = new Map<string, EventCount>();
  readonly #touched = new Set<string>();

  /** The values that the name may have; none when nobody ever touched it. */
  possible(name: string): ReadonlySet<string> {
    return this.#possible.get(name) ?? new Set([ABSENT]);
  }

  /** True when the name has this value and no other. */
  isCertain(name: string, value: string): boolean {
    const possible = this.possible(name);
    return possible.size === 1 && possible.has(value);
  }

  /** Runs a request. It rejects: nobody knows. It resolves to false: nothing happened. */
  async record(attempt: Attempt, request: () => Promise<boolean>): Promise<boolean> {
    const before = attempt.effects.map(({ name }) => this.possible(name));
    for (const { name, value } of attempt.effects) this.#set(name, [...this.possible(name), value]);
    for (const event of attempt.events) this.#count(event).attempted++;
    const happened = await request();
    attempt.effects.forEach(({ name, value }, index) => {
      this.#set(name, happened ? [value] : [...(before[index] ?? [])]);
    });
    for (const event of attempt.events) {
      if (happened) this.#count(event).acknowledged++;
      else this.#count(event).attempted--;
    }
    return happened;
  }

  /** From now on the name has the value that was found. */
  settle(name: string, value: string): void {
    this.#possible.set(name, new Set([value]));
  }

  /** The names that requests touched since the last time. */
  takeTouched(): string[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** All names that were ever touched. */
  names(): string[] {
    return [...this.#possible.keys()];
  }

  eventCounts(): ReadonlyMap<string, Readonly<EventCount>> {
    return this.#counts;
  }

  #set(name: string, values: readonly string[]): void {
    this.#possible.set(name, new Set(values));
    this.#touched.add(name);
  }

  #count(event: string): EventCount {
    const count = this.#counts.get(event) ?? { attempted: 0, acknowledged: 0 };
    this.#counts.set(event, count);
    return count;
  }
}

function join(...parts: readonly string[]): string {
  return parts.join(SEPARATOR);
}
