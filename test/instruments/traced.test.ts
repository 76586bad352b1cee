// A stand-in for an object of another room does what the object does, and tells how it went.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { traced } from "../../src/instruments/traced.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { Scopes, type Span } from "../../src/telemetry/scope.ts";

class Shelf {
  readonly #books = ["one", "two", "three"];
  readonly name = "shelf";
  returned = 0;

  get size(): number {
    return this.#books.length;
  }

  async book(index: number): Promise<string> {
    const book = this.#books[index];
    if (book === undefined) throw new RangeError(`no book ${index}`);
    return book;
  }

  async borrow(index: number): Promise<string> {
    if (index > 0) throw new RegistryError(index > 1 ? "UNAVAILABLE" : "BLOB_UNKNOWN");
    return this.book(index);
  }

  async *all(failAt?: number): AsyncGenerator<string> {
    try {
      for (const [index, book] of this.#books.entries()) {
        if (index === failAt) throw new Error("it fell");
        yield book;
      }
    } finally {
      this.returned += 1;
    }
  }

  /** Not traced. */
  async dust(): Promise<number> {
    return this.#books.length;
  }
}

/** Writes down what becomes of it. */
class RecordedSpan implements Span {
  readonly traceId = "1".repeat(32);
  readonly spanId = "2".repeat(16);
  readonly #name: string;
  readonly #log: string[];
  #hasEnded = false;

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  child(name: string, attributes = {}): Span {
    this.#log.push(`${name} begins ${JSON.stringify(attributes)}`);
    return new RecordedSpan(name, this.#log);
  }

  rename(): void {}

  set(attributes: object): void {
    this.#log.push(`${this.#name} has ${JSON.stringify(attributes)}`);
  }

  fail(error: unknown): void {
    this.#log.push(`${this.#name} fails: ${error instanceof Error ? error.message : error}`);
  }

  /** Asked twice it ends once, as the real one. */
  end(): void {
    if (!this.#hasEnded) this.#log.push(`${this.#name} ends`);
    this.#hasEnded = true;
  }
}

describe("a traced object", () => {
  const scopes = new Scopes();
  const target = new Shelf();
  const shelf = traced(target, {
    scopes,
    name: "shelf",
    methods: { book: (index) => ({ index }), borrow: () => ({}), all: () => ({}) },
  });

  async function watch(work: () => Promise<unknown>): Promise<readonly string[]> {
    const log: string[] = [];
    await scopes.run({ notes: { id: "r" }, span: new RecordedSpan("request", log) }, work);
    return log;
  }

  it("has all members of the object, private ones at hand", async () => {
    assert.equal(shelf.name, "shelf");
    assert.equal(shelf.size, 3);
    assert.equal(await shelf.dust(), 3);
    assert.equal(await shelf.book(1), "two");
    assert.deepEqual(await Array.fromAsync(shelf.all()), ["one", "two", "three"]);
  });

  it("tells a call from its begin to its end", async () => {
    assert.deepEqual(await watch(() => shelf.book(0)), ['shelf.book begins {"index":0}', "shelf.book ends"]);
    assert.deepEqual(await watch(() => shelf.dust()), []);
  });

  it("tells what fails, and what is an answer all the same", async () => {
    assert.deepEqual(await watch(() => assert.rejects(shelf.book(9), /no book 9/)), [
      'shelf.book begins {"index":9}',
      "shelf.book fails: no book 9",
      "shelf.book ends",
    ]);
    assert.deepEqual(await watch(() => assert.rejects(shelf.borrow(1))), [
      "shelf.borrow begins {}",
      'shelf.borrow has {"error.type":"BLOB_UNKNOWN"}',
      "shelf.borrow ends",
    ]);
    const [, failing] = await watch(() => assert.rejects(shelf.borrow(2)));
    assert.match(String(failing), /^shelf\.borrow fails/);
  });

  it("ends a stream's step when it ends, when nobody wants more, and when it breaks", async () => {
    const whole = await watch(() => Array.fromAsync(shelf.all()));
    assert.deepEqual(whole, ["shelf.all begins {}", "shelf.all ends"]);

    const before = target.returned;
    const part = await watch(async () => {
      for await (const book of shelf.all()) if (book === "one") break;
    });
    assert.deepEqual(part, ["shelf.all begins {}", "shelf.all ends"]);
    assert.equal(target.returned, before + 1, "the stream itself was ended too");

    const broken = await watch(() => assert.rejects(Array.fromAsync(shelf.all(1)), /it fell/));
    assert.deepEqual(broken, ["shelf.all begins {}", "shelf.all fails: it fell", "shelf.all ends"]);
  });

  it("does a stream's steps in its own scope, whoever asks for them", async () => {
    const seen: (string | undefined)[] = [];
    const source = {
      async *steps() {
        for (let step = 0; step < 2; step += 1) {
          seen.push(scopes.current?.notes.id);
          yield step;
        }
      },
    };
    const stream = traced(source, { scopes, name: "source", methods: { steps: () => ({}) } });
    let steps: AsyncIterable<number> | undefined;
    await watch(async () => {
      steps = stream.steps();
    });
    assert.ok(steps);
    for await (const _ of steps) assert.equal(scopes.current, undefined);
    assert.deepEqual(seen, ["r", "r"]);
  });
});
