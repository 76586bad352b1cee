// The tags and manifests of a repository: as clients see them, and as a reader of the event log was told.
import type { EventReplay } from "../crash/event-replay.ts";
import { manifestName, PRESENT, tagName } from "../crash/ledger.ts";
import type { TaggedRepository } from "./tagged-repository.ts";

/** Names and what they stand for, in order. */
export type State = readonly (readonly [name: string, value: string])[];

export async function shownState(repository: TaggedRepository): Promise<State> {
  const state: [string, string][] = [];
  for (const tag of await repository.tags()) {
    const digest = await repository.look(tag);
    state.push([tagName(repository.name, tag), digest ?? "nothing, though it is listed"]);
  }
  for (const digest of repository.pushed)
    if ((await repository.look(digest)) !== undefined)
      state.push([manifestName(repository.name, digest), PRESENT]);
  return inOrder(state);
}

export function toldState(replay: EventReplay): State {
  const names = [...replay.present("tag"), ...replay.present("manifest")];
  return inOrder(names.map((name) => [name, replay.value(name)] as const));
}

function inOrder(state: State): State {
  return state.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
