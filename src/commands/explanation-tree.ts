// What keeps content, as a tree: each branch ends at a tag, a date, or nothing.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { BlobHolder, BlobHolder_ManifestHolder } from "../gen/stowage/v1/maintenance_pb.ts";
import type { ExplainBlobResponse } from "../gen/stowage/v1/maintenance_service_pb.ts";
import { cutEnd } from "./cut.ts";
import { formatBytes, formatCount, printable } from "./readable.ts";
import { reasonWords } from "./reason-words.ts";
import { shortenDigests } from "./short-digest.ts";
import type { View } from "./view.ts";

export interface Explained {
  readonly digest: string;
  readonly explanation: ExplainBlobResponse;
}

/** Undefined: it has gone meanwhile. */
type Ask = (digest: string) => Promise<ExplainBlobResponse | undefined>;

interface Branch {
  readonly text: string;
  readonly branches: readonly Branch[];
}

/** So many steps up; an index of indexes of indexes is none that anybody made. */
const MOST_STEPS = 5;

export async function explanationLines(view: View, explained: Explained, ask: Ask): Promise<string[]> {
  const { digest, explanation } = explained;
  const { size, createTime, damageTime, holderCount, holders } = explanation;
  const branches = await Promise.all(holders.map((holder) => branchOf(view, holder, digest, ask)));
  const rest = Number(holderCount) - holders.length;
  const more = rest > 0 ? [{ text: `and ${formatCount(rest)} more`, branches: [] }] : [];
  return [
    `${view.paint("bold", digest)}  ${formatBytes(size)}, here since ${view.fullTime(createTime)}`,
    ...(damageTime === undefined ? [] : [damageLine(view, view.fullTime(damageTime))]),
    ...(holderCount === 0n ? [unheldLine(view, explanation)] : []),
    ...treeLines(view, [...branches, ...more]),
  ];
}

function damageLine({ paint }: View, time: string): string {
  return paint("red", `Its bytes are damaged or gone, found ${time}; pushing it again heals it.`);
}

function unheldLine(view: View, { dueTime }: ExplainBlobResponse): string {
  const when = dueTime === undefined ? "with the next collection" : view.fullTime(dueTime);
  return `Nothing keeps it: it will be removed ${when}.`;
}

function branchOf(view: View, holder: BlobHolder, digest: string, ask: Ask): Promise<Branch> | Branch {
  const { repository, kind } = holder;
  switch (kind.case) {
    case "link": {
      const { needed, leaseUntil } = kind.value;
      const text = needed
        ? "linked here, while a manifest here names it"
        : `linked here without a manifest that names it, until ${timeAhead(view, leaseUntil)}`;
      return { text: `${repository}  ${text}`, branches: [] };
    }
    case "manifest":
      return manifestBranch(view, { repository, held: digest, ask, steps: 0 }, kind.value);
    case undefined:
      return { text: `${repository}  something that a newer stowage knows`, branches: [] };
  }
}

interface Step {
  readonly repository: string;
  /** What the manifest keeps. */
  readonly held: string;
  readonly ask: Ask;
  readonly steps: number;
}

async function manifestBranch(view: View, step: Step, manifest: BlobHolder_ManifestHolder): Promise<Branch> {
  const { digest, mediaType } = manifest;
  const isItself = digest === step.held;
  const text = isItself ? "is a manifest here" : "is named by this manifest";
  return {
    text: `${step.repository}@${digest}  ${text}, ${mediaType}`,
    branches: await reasonBranches(view, { ...step, held: digest }, manifest),
  };
}

/** Why a manifest is there. */
async function reasonBranches(
  view: View,
  step: Step,
  { expireTime, reason, tags, indexDigests, subject }: BlobHolder_ManifestHolder,
): Promise<readonly Branch[]> {
  if (expireTime !== undefined) {
    const text = `in the trash until ${timeAhead(view, expireTime)}: ${reasonWords(reason)}`;
    return [{ text, branches: [] }];
  }
  const found = [
    ...tags.map((tag) => ({ text: `tag ${tag}`, branches: [] })),
    ...(await Promise.all(indexDigests.map((index) => parentBranch(view, step, "index", index)))),
    ...(subject === "" ? [] : [await parentBranch(view, step, "refers to", subject)]),
  ];
  const untagged = "no tag, no index, no subject: it stays until retention or somebody deletes it";
  return found.length > 0 ? found : [{ text: untagged, branches: [] }];
}

/** An index or a subject, with what keeps it in turn. */
async function parentBranch(view: View, step: Step, what: string, digest: string): Promise<Branch> {
  const text = `${what} ${digest}`;
  if (step.steps >= MOST_STEPS) return { text, branches: [] };
  const answer = await step.ask(digest);
  const self = answer?.holders.find(
    ({ repository, kind }) =>
      repository === step.repository && kind.case === "manifest" && kind.value.digest === digest,
  );
  if (self?.kind.case !== "manifest") return { text, branches: [] };
  const next = { ...step, held: digest, steps: step.steps + 1 };
  return { text, branches: await reasonBranches(view, next, self.kind.value) };
}

function timeAhead(view: View, time: Timestamp | undefined): string {
  return `${view.time(time)} (${view.distance(time)})`;
}

/** Lines with branches drawn before them. */
function treeLines(view: View, branches: readonly Branch[], indent = ""): string[] {
  return branches.flatMap(({ text, branches: inner }, index) => {
    const isLast = index === branches.length - 1;
    const line = `${indent}${isLast ? "└─ " : "├─ "}`;
    const room = view.width - line.length;
    const shown = text.length <= room ? text : cutEnd(shortenDigests(text), room);
    return [
      `${view.paint("dim", line)}${printable(shown)}`,
      ...treeLines(view, inner, `${indent}${isLast ? "   " : "│  "}`),
    ];
  });
}
