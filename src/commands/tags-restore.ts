// stowage tags restore: a tag points again to what it pointed to.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type RestoreTagRequest,
  RestoreTagRequestSchema,
  RestoreTagResponseSchema,
} from "../gen/stowage/v1/manifest_service_pb.ts";
import { parseDigestOption, parseTagName } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatQuantity, printable } from "./readable.ts";
import { problemOf } from "./remote-registry.ts";
import { completeDigest, isShortDigest } from "./short-digest.ts";
import { changesOf } from "./tags-history.ts";
import { parseTime } from "./time-option.ts";
import { askAboutRepository } from "./unknown-tag.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface RestoreOptions extends KeeperOptions {
  readonly to?: string;
  readonly at?: string;
  readonly expect?: string;
}

export async function restoreTag(world: World, text: string, options: RestoreOptions): Promise<void> {
  const now = world.now();
  toRequest(text, options, now); // what is wrong with it is told before anything is asked
  await askKeeper(world, options, async (keeper) => {
    const request = toRequest(text, await wholeDigests(keeper, text, options), now);
    const answer = await askAboutRepository(keeper, request.repository, () =>
      keeper.manifests.restoreTag(request),
    ).catch((error: unknown) => {
      throw explained(error, text);
    });
    if (options.json === true) return printWholeJson(world.out, RestoreTagResponseSchema, answer);
    const count = answer.undeletedDigests.length;
    const from = count === 0 ? "" : `; ${formatQuantity(count, "manifest")} came out of the trash for it`;
    await printLines(world.out, [`${text} points to ${printable(answer.descriptor?.digest ?? "")}${from}.`]);
  });
}

/** Digests as a terminal shows them are those of the tag's history. */
async function wholeDigests(keeper: Keeper, text: string, options: RestoreOptions): Promise<RestoreOptions> {
  const { to = "", expect = "" } = options;
  if (!isShortDigest(to) && !isShortDigest(expect)) return options;
  const changes = await changesOf(keeper, parseTagName(text));
  const known = changes.flatMap(({ fromDigest, toDigest }) => [fromDigest, toDigest]);
  const whole = (start: string) => completeDigest(start, known, `the history of ${text}`);
  return {
    ...options,
    ...(isShortDigest(to) && { to: await whole(to) }),
    ...(isShortDigest(expect) && { expect: await whole(expect) }),
  };
}

function toRequest(text: string, options: RestoreOptions, now: number): RestoreTagRequest {
  const name = parseTagName(text);
  const { expect } = options;
  return create(RestoreTagRequestSchema, {
    ...name,
    target: toTarget(options, now),
    ...(expect !== undefined && { precondition: { condition: toCondition(expect) } }),
  });
}

function toTarget({ to, at }: RestoreOptions, now: number) {
  if (to !== undefined) return { case: "digest" as const, value: parseGiven(to, "--to") };
  if (at !== undefined)
    return { case: "time" as const, value: timestampFromMs(parseTime(at, { option: "--at", now })) };
  const message = 'say what it is to point to: --to DIGEST or --at TIME; "stowage tags history" shows both';
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

function toCondition(expect: string) {
  if (expect === "none") return { case: "absent" as const, value: true };
  return { case: "anyOf" as const, value: { digests: [parseGiven(expect, "--expect")] } };
}

/** A digest, or the beginning of one. */
function parseGiven(text: string, option: string): string {
  return isShortDigest(text) ? text : parseDigestOption(text, option);
}

function explained(error: unknown, text: string): unknown {
  const problem = problemOf(error);
  const wayOut = WAYS_OUT.get(problem?.reason ?? "");
  if (wayOut === undefined) return error;
  const message = printable(problem?.metadata.message ?? "it cannot be restored");
  return new CommandFailure(`${message}; "stowage tags history ${text}" ${wayOut}`, { cause: error });
}

const WAYS_OUT: ReadonlyMap<string, string> = new Map([
  ["MANIFEST_UNKNOWN", "shows what it pointed to, and when"],
  ["PRECONDITION_FAILED", "shows who moved it"],
]);
