// Retention's rules from protobuf, and its decisions as protobuf.
import { create } from "@bufbuild/protobuf";
import {
  ManifestDecisionSchema,
  RetentionDetail,
  RetentionProgressSchema,
  type RetentionRules as RetentionRulesMessage,
  RetentionSummarySchema,
  type RetentionRule as RuleMessage,
  TagDecisionSchema,
} from "../gen/stowage/v1/maintenance_pb.ts";
import type {
  SimulateRetentionRequest,
  SimulateRetentionResponse,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type {
  ManifestDecision,
  RetentionItem,
  RetentionProgress,
  RetentionSummary,
  TagDecision,
} from "../maintenance/retention/items.ts";
import type { RetentionRequest } from "../maintenance/retention/retention.ts";
import { RegistryError } from "../oci/errors.ts";
import { parsePatterns } from "./patterns.ts";
import { parseDuration } from "./times.ts";

type RetentionRules = NonNullable<RetentionRequest["rules"]>;
type RetentionRule = RetentionRules["rules"][number];

/** The items of both streams are alike. */
export function retentionPart(item: RetentionItem): SimulateRetentionResponse["item"] {
  switch (item.kind) {
    case "tag":
      return { case: "tag", value: tagDecisionMessage(item) };
    case "manifest":
      return { case: "manifest", value: manifestDecisionMessage(item) };
    case "progress":
      return { case: "progress", value: progressMessage(item) };
    case "summary":
      return { case: "finished", value: summaryMessage(item) };
  }
}

/** Throws REQUEST_INVALID, FILTER_INVALID. */
export function parseRetentionRequest({ repositories, detail, rules }: RetentionQuestion): RetentionRequest {
  return {
    ...(repositories.length > 0 && { repositories: parsePatterns(repositories, "repositories") }),
    ...(rules !== undefined && { rules: parseRules(rules) }),
    all: detail === RetentionDetail.ALL,
    changesOnly: detail === RetentionDetail.CHANGES,
  };
}

/** A simulation, or the real thing, which has no rules of its own. */
type RetentionQuestion = Pick<SimulateRetentionRequest, "repositories" | "detail" | "rules">;

function parseRules({ rules, untagged }: RetentionRulesMessage): RetentionRules {
  const untaggedMs = parseDuration(untagged, "rules.untagged");
  return { rules: rules.map(parseRule), ...(untaggedMs !== undefined && { untaggedMs }) };
}

function parseRule(message: RuleMessage, index: number): RetentionRule {
  const field = `rules.rules[${index}]`;
  if (message.repositories.length === 0) throw invalid(field, `${field} names no repositories`);
  const keep = parseConditions(message, field);
  if (Object.keys(keep).length === 0) throw invalid(field, `${field} says nothing of what to keep`);
  return {
    name: message.name === "" ? `rule ${index + 1}` : message.name,
    repositories: parsePatterns(message.repositories, `${field}.repositories`),
    tags: message.tags.length === 0 ? ["**"] : parsePatterns(message.tags, `${field}.tags`),
    keep,
  };
}

function parseConditions(message: RuleMessage, field: string): RetentionRule["keep"] {
  const { newest, always, keepTags } = message;
  if (newest !== undefined && (newest < 1n || newest > BigInt(Number.MAX_SAFE_INTEGER)))
    throw invalid(field, `${field}.newest ${newest} must be at least 1`);
  const pushedWithinMs = parseDuration(message.pushedWithin, `${field}.pushed_within`);
  const pulledWithinMs = parseDuration(message.pulledWithin, `${field}.pulled_within`);
  return {
    ...(newest !== undefined && { newest: Number(newest) }),
    ...(pushedWithinMs !== undefined && { pushedWithinMs }),
    ...(pulledWithinMs !== undefined && { pulledWithinMs }),
    ...(keepTags.length > 0 && { tags: parsePatterns(keepTags, `${field}.keep_tags`) }),
    ...(always && { always }),
  };
}

function invalid(field: string, message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", { field }, { message });
}

function tagDecisionMessage(decision: TagDecision) {
  const { repository, tag, digest, size, action, rule = "", reason } = decision;
  const kept = action === "keep";
  return create(TagDecisionSchema, { repository, tag, digest, size: BigInt(size), kept, rule, reason });
}

function manifestDecisionMessage({ repository, digest, action, rule = "", reason }: ManifestDecision) {
  return create(ManifestDecisionSchema, { repository, digest, kept: action === "keep", rule, reason });
}

function progressMessage({ repository, repositories, tags, manifests }: RetentionProgress) {
  return create(RetentionProgressSchema, {
    repository,
    repositories: BigInt(repositories),
    deletedTags: BigInt(tags),
    deletedManifests: BigInt(manifests),
  });
}

function summaryMessage(summary: RetentionSummary) {
  return create(RetentionSummarySchema, {
    repositories: BigInt(summary.repositories),
    keptTags: BigInt(summary.tagsKept),
    deletedTags: BigInt(summary.tagsDeleted),
    deletedManifests: BigInt(summary.manifestsDeleted),
    freedBytes: BigInt(summary.bytesFreed),
    logicalBytes: BigInt(summary.bytesLogical),
    emptiedRepositories: [...summary.emptied],
  });
}
