// A catalogue in which something else happens at the worst moment: when all has been
// read, and nothing committed yet.
import type { Commit, MetadataStore } from "../../src/metadata/metadata-store.ts";

/** The same catalogue; `meanwhile` runs to its end just before the first commit, past this one. */
export function beforeFirstCommit(metadata: MetadataStore, meanwhile: () => Promise<unknown>): MetadataStore {
  let isDone = false;
  return new Proxy(metadata, {
    get(target, name) {
      if (name === "commit")
        return async (commit: Commit) => {
          if (!isDone) {
            isDone = true;
            await meanwhile();
          }
          return target.commit(commit);
        };
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
