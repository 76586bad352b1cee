// A file of retention rules, as a simulation takes them.
import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { RetentionRule } from "../config/retention.ts";
import { readRetentionFile } from "../config/retention-file.ts";
import { type RetentionRules, RetentionRulesSchema } from "../gen/stowage/v1/maintenance_pb.ts";
import { CommandFailure, EXIT, readText } from "./world.ts";

/** Throws ConfigError for wrong rules, CommandFailure for a file that cannot be read. */
export function readRules(path: string): RetentionRules {
  const { untaggedMs, rules } = readRetentionFile(path, textOf(path));
  const untagged = untaggedMs === undefined ? {} : { untagged: durationFromMs(untaggedMs) };
  return create(RetentionRulesSchema, { ...untagged, rules: rules.map(ruleMessage) });
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure(`--rules: cannot read ${path}: ${reason}`, { exitCode: EXIT.usage, cause });
  }
}

function ruleMessage({ name, repositories, tags, keep }: RetentionRule) {
  const { newest, pushedWithinMs, pulledWithinMs } = keep;
  return {
    name,
    repositories: [...repositories],
    tags: [...tags],
    keepTags: [...(keep.tags ?? [])],
    always: keep.always ?? false,
    ...(newest !== undefined && { newest: BigInt(newest) }),
    ...(pushedWithinMs !== undefined && { pushedWithin: durationFromMs(pushedWithinMs) }),
    ...(pulledWithinMs !== undefined && { pulledWithin: durationFromMs(pulledWithinMs) }),
  };
}
