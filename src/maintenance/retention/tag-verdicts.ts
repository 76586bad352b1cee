// What the rules say about the tags of one repository. Tags that are attached to a
// manifest by name are not for rules: they follow their manifest (plan.ts).
import type { Digest } from "../../oci/digest.ts";
import type { Tag } from "../../oci/reference.ts";
import type { Pulls } from "./pulls.ts";
import { type CompiledRule, fits, ruleFor } from "./rules.ts";
import { ageWords, windowWords } from "./words.ts";

/** A tag, and what becomes of it. */
export interface JudgedTag {
  readonly tag: Tag;
  readonly digest: Digest;
  /** When it was pushed last. */
  readonly time: number;
  /** Absent: not decided yet. */
  verdict: Verdict | undefined;
}

export interface Verdict {
  readonly action: "keep" | "delete";
  readonly rule: string | undefined;
  readonly reason: string;
  /** True: it would be kept, had it been pulled. */
  readonly byPulls?: boolean;
}

/** Whether a condition holds, and in which words it does or does not. */
interface Finding {
  readonly holds: boolean;
  readonly reason: string;
}

/** Decides about tags that are not attached to a manifest. */
export async function judgeTags(
  tags: readonly JudgedTag[],
  rules: readonly CompiledRule[],
  { now, pulls }: { readonly now: number; readonly pulls: Pulls },
): Promise<void> {
  const places = new Map<CompiledRule, number>();
  for (const judged of tags.toSorted(newestFirst)) {
    const rule = ruleFor(rules, judged.tag);
    if (rule === undefined) {
      judged.verdict = { action: "keep", rule: undefined, reason: "no rule" };
      continue;
    }
    const place = (places.get(rule) ?? 0) + 1;
    places.set(rule, place);
    judged.verdict = await judge(judged, rule, { now, place, pulls });
  }
}

/** The times of two pushes may be the same; names are not. */
function newestFirst(a: JudgedTag, b: JudgedTag): number {
  return b.time - a.time || (a.tag < b.tag ? -1 : 1);
}

/** The first condition that holds keeps it; where none does, the reason names them all. */
async function judge(
  judged: JudgedTag,
  rule: CompiledRule,
  at: { readonly now: number; readonly place: number; readonly pulls: Pulls },
): Promise<Verdict> {
  const reasons: string[] = [];
  for await (const { holds, reason } of findings(judged, rule, at)) {
    if (holds) return { action: "keep", rule: rule.name, reason };
    reasons.push(reason);
  }
  const byPulls = rule.keep.pulledWithinMs !== undefined;
  return { action: "delete", rule: rule.name, reason: reasons.join("; "), byPulls };
}

/** What costs reading comes last. */
async function* findings(
  { tag, digest, time }: JudgedTag,
  { keep, kept }: CompiledRule,
  { now, place, pulls }: { readonly now: number; readonly place: number; readonly pulls: Pulls },
): AsyncGenerator<Finding, void, undefined> {
  if (keep.always) yield { holds: true, reason: "always" };
  if (kept.length > 0) yield byName(tag, kept);
  if (keep.newest !== undefined) yield byPlace(place, keep.newest);
  if (keep.pushedWithinMs !== undefined) yield byAge("pushed", now - time, keep.pushedWithinMs);
  if (keep.pulledWithinMs !== undefined)
    yield await byPulls(digest, keep.pulledWithinMs, { now, time, pulls });
}

function byName(tag: Tag, kept: CompiledRule["kept"]): Finding {
  const glob = kept.find((candidate) => fits([candidate], tag));
  if (glob !== undefined) return { holds: true, reason: `tag matches ${glob.text}` };
  return { holds: false, reason: `tag does not match ${kept.map(({ text }) => text).join(", ")}` };
}

function byPlace(place: number, newest: number): Finding {
  const holds = place <= newest;
  return { holds, reason: holds ? `newest ${place} of ${newest}` : `newest ${place}, beyond ${newest}` };
}

function byAge(what: "pushed" | "pulled", age: number, windowMs: number): Finding {
  const holds = age <= windowMs;
  const within = `${holds ? "" : "not "}within ${windowWords(windowMs)}`;
  return { holds, reason: `${what} ${ageWords(age)} ago, ${within}` };
}

/** Nobody can have pulled what was not there, and nobody knows of pulls that were not counted: both are no sign. */
async function byPulls(
  digest: Digest,
  windowMs: number,
  { now, time, pulls }: { readonly now: number; readonly time: number; readonly pulls: Pulls },
): Promise<Finding> {
  const last = await pulls.lastTime(digest);
  if (last !== undefined && now - last <= windowMs) return byAge("pulled", now - last, windowMs);
  const within = windowWords(windowMs);
  const since = await pulls.since();
  if (since === undefined) return { holds: true, reason: "pulls are not counted" };
  if (now - since < windowMs)
    return { holds: true, reason: `pulls are counted for ${ageWords(now - since)}, not for ${within}` };
  if (now - time < windowMs)
    return { holds: true, reason: `pushed ${ageWords(now - time)} ago, not known for ${within}` };
  if (last !== undefined) return byAge("pulled", now - last, windowMs);
  return { holds: false, reason: `not pulled within ${within}` };
}
