// What was pushed to tags, and what events told of it: the two must be the same story.
import assert from "node:assert/strict";
import type { Event } from "../../src/gen/stowage/v1/event_pb.ts";

/** One push; no two push the same digest. */
export interface TagPush {
  readonly writer: number;
  readonly tag: string;
  readonly digest: string;
}

export class TagHistory {
  readonly #pushes = new Map<string, TagPush>();
  readonly #told = new Set<string>();
  /** The digest told last of each tag. */
  readonly #current = new Map<string, string>();
  /** The number of the push told last of each writer and tag. */
  readonly #lastOfWriter = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  #lastCursor = 0;
  #early = 0;
  #doubled = 0;
  #disordered = 0;

  /** A push that is about to be made. */
  pushing(push: TagPush): void {
    this.#numbers.set(push.digest, this.#pushes.size);
    this.#pushes.set(push.digest, push);
  }

  /** Events must be handed over as they arrive; whether each was visible can be told later. */
  async told(event: Event, visible: boolean | Promise<boolean>): Promise<void> {
    this.#follow(event);
    if (!(await visible)) this.#early++;
  }

  #follow({ cursor, kind }: Event): void {
    if (kind.case !== "tagCreated" && kind.case !== "tagMoved") throw new Error(`a ${kind.case} came`);
    const { tag, descriptor } = kind.value;
    const digest = descriptor?.digest ?? "";
    const push = this.#pushes.get(digest);
    assert.ok(push, `nobody pushed ${digest}`);
    assert.equal(tag, push.tag);
    if (this.#told.has(digest)) this.#doubled++;
    this.#told.add(digest);
    const before = kind.case === "tagMoved" ? kind.value.previousDigest : undefined;
    const inOrder = Number(cursor) > this.#lastCursor && before === this.#current.get(tag);
    const own = `${push.writer} ${tag}`;
    const number = this.#numbers.get(digest) ?? -1;
    if (!inOrder || number <= (this.#lastOfWriter.get(own) ?? -1)) this.#disordered++;
    this.#lastOfWriter.set(own, number);
    this.#lastCursor = Number(cursor);
    this.#current.set(tag, digest);
  }

  /** The tag must be what was told of it last. */
  checkEnd(tag: string, digest: string | undefined): void {
    assert.equal(digest, this.#current.get(tag), `the end of ${tag}`);
  }

  report() {
    return {
      pushes: this.#pushes.size,
      early: this.#early,
      missing: [...this.#pushes.keys()].filter((digest) => !this.#told.has(digest)).length,
      doubled: this.#doubled,
      disordered: this.#disordered,
    };
  }
}
