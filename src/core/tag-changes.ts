// What became of a tag: each change leaves a record, for whoever asks when it moved,
// by whom, and from where to where; and for bringing back what it was.
import { dueKey } from "../metadata/due.ts";
import { tagChangeKey, tagChangesOf, timeText } from "../metadata/keeping-keys.ts";
import type { DeletionReason, TagChangeRecord } from "../metadata/keeping-records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import { type Page, type PageRequest, pageOf } from "./page.ts";
import { NOTHING } from "./references.ts";
import { demandRepository } from "./repositories.ts";

/** A change as it is listed. */
export interface TagChange extends TagChangeRecord {
  /** Its name among the changes of the tag: where the next page goes on. */
  readonly name: string;
}

/** Records a change, as part of the attempt that makes it, unless none is to be remembered. */
export function recordTagChange(
  context: CoreContext,
  transaction: Transaction,
  change: {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly from?: Digest;
    readonly to?: Digest;
    readonly origin: Origin;
    readonly reason?: DeletionReason | undefined;
  },
): void {
  if (context.options.tagHistoryMs === 0) return;
  const { repository, tag, from, to, origin, reason } = change;
  const time = context.now();
  const id = context.newId();
  const { actor, request } = origin;
  transaction.put(tagChangeKey(repository, tag, { time, id }), {
    time,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(actor !== undefined && { actor }),
    ...(request !== undefined && { requestId: request.id }),
    ...(reason !== undefined && reason.kind !== "request" && { reason }),
  });
  const what = { kind: "tag-change", repository, tag, change: `${timeText(time)}-${id}` } as const;
  transaction.put(dueKey({ time: time + context.options.tagHistoryMs, what }), NOTHING);
}

/** The changes of a tag, newest first; it need not exist any more. Throws NAME_UNKNOWN. */
export async function listTagChanges(
  context: CoreContext,
  { repository, tag }: { readonly repository: RepositoryName; readonly tag: Tag },
  { after, limit }: PageRequest,
): Promise<Page<TagChange>> {
  const entries = await context.metadata.page(tagChangesOf(repository, tag), {
    limit: limit + 1,
    reverse: true,
    ...(after !== undefined && { after }),
  });
  // A repository that is gone may have left the history of its tags.
  if (entries.length === 0 && after === undefined) await demandRepository(context, repository);
  const changes = entries.flatMap(({ name, record }) => (record === undefined ? [] : [{ ...record, name }]));
  return pageOf(changes, limit, (change) => change);
}

/** What the tag pointed to at that time, in milliseconds since 1970. Undefined: nothing, or nobody knows any more. */
export async function digestAt(
  { metadata, now, options }: CoreContext,
  { repository, tag }: { readonly repository: RepositoryName; readonly tag: Tag },
  time: number,
): Promise<Digest | undefined> {
  const changes = tagChangesOf(repository, tag);
  // "/" sorts behind the "-" that follows the time: all changes of that millisecond are included.
  const [before] = await metadata.page(changes, { limit: 1, reverse: true, after: `${timeText(time)}/` });
  if (before?.record !== undefined) return before.record.to;
  // So long ago, changes are forgotten that came before the first one that is known.
  if (time < now() - options.tagHistoryMs) return undefined;
  const [next] = await metadata.page(changes, { limit: 1 });
  return next?.record?.from;
}
