// What a reader of snapshots and events believes to exist. It takes nothing that
// does not follow from what it was told before.
import assert from "node:assert/strict";
import type { Event } from "../../../src/gen/stowage/v1/event_pb.ts";
import type { SnapshotItem } from "../../../src/gen/stowage/v1/event_service_pb.ts";
import type { Message } from "./subscriptions.ts";

export class Mirror {
  /** From a thing, such as "tag a/b v", to the digest it stands for. */
  readonly #things = new Map<string, string>();
  cursor = 0;

  things(): readonly string[] {
    return [...this.#things].map(([name, digest]) => `${name} ${digest}`).sort();
  }

  take(message: Message): void {
    switch (message.case) {
      case "snapshotItem":
        this.#add(...thingOf(message.value));
        break;
      case "snapshotEnd":
        this.cursor = Number(message.value.cursor);
        break;
      case "event":
        this.cursor += 1;
        assert.equal(Number(message.value.cursor), this.cursor, "no event is missing and none comes twice");
        this.#apply(message.value);
        break;
    }
  }

  #add(name: string, digest = ""): void {
    assert.ok(!this.#things.has(name), `${name} was there already`);
    this.#things.set(name, digest);
  }

  #remove(name: string, digest: string): void {
    assert.equal(this.#things.get(name), digest, `${name} was there`);
    this.#things.delete(name);
  }

  #apply({ repository, kind }: Event): void {
    const digest =
      kind.value !== undefined && "descriptor" in kind.value ? (kind.value.descriptor?.digest ?? "") : "";
    switch (kind.case) {
      case "repositoryCreated":
        this.#add(`repository ${repository}`);
        break;
      case "blobPushed":
      case "blobMounted":
        this.#things.set(`blob ${repository} ${digest}`, digest);
        break;
      case "blobDeleted":
        this.#remove(`blob ${repository} ${digest}`, digest);
        break;
      case "manifestPushed":
        this.#things.set(`manifest ${repository} ${digest}`, digest);
        break;
      case "manifestDeleted":
        this.#remove(`manifest ${repository} ${digest}`, digest);
        break;
      case "tagCreated":
        this.#add(`tag ${repository} ${kind.value.tag}`, digest);
        break;
      case "tagMoved":
        this.#remove(`tag ${repository} ${kind.value.tag}`, kind.value.previousDigest);
        this.#add(`tag ${repository} ${kind.value.tag}`, digest);
        break;
      case "tagDeleted":
        this.#remove(`tag ${repository} ${kind.value.tag}`, digest);
        break;
    }
  }
}

function thingOf({ repository, item }: SnapshotItem): readonly [name: string, digest: string] {
  const digest =
    item.value !== undefined && "descriptor" in item.value ? (item.value.descriptor?.digest ?? "") : "";
  switch (item.case) {
    case "repositoryState":
      return [`repository ${repository}`, ""];
    case "blob":
    case "manifest":
      return [`${item.case} ${repository} ${digest}`, digest];
    case "tag":
      return [`tag ${repository} ${item.value.tag}`, digest];
    case undefined:
      return assert.fail("an item says what it is");
  }
}
