// stowage auth explain: whether somebody may do something, and which rule says so.
import { create } from "@bufbuild/protobuf";
import type { Explanation } from "../auth/explain.ts";
import {
  type ExplainAccessResponse,
  ExplainAccessResponseSchema,
} from "../gen/stowage/v1/auth_service_pb.ts";
import { ACTIONS, type Action, isAction } from "../oci/access.ts";
import { askAuth } from "./auth-client.ts";
import { explainByFile } from "./explain-by-file.ts";
import { parsePrincipalId } from "./principal-option.ts";
import { printLines, printWholeJson } from "./print.ts";
import { printable } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { CommandEnd, CommandFailure, EXIT, type World } from "./world.ts";

export interface ExplainOptions extends RemoteOptions {
  /** The configuration file that decides. Absent: the running registry. */
  readonly config?: string;
  /** Counted beside those that are known of the principal. */
  readonly group?: readonly string[];
}

/** As someone types it. */
export interface Question {
  readonly principal: string;
  readonly action: string;
  readonly repository: string | undefined;
}

/** What is asked, and of whom. */
export interface AccessQuestion {
  readonly principal: string;
  readonly action: Action;
  /** Absent: about the registry itself. */
  readonly repository: string | undefined;
  readonly groups: readonly string[];
}

/** Says so; ends with EXIT.refused when it is refused. */
export async function explainAccess(world: World, typed: Question, options: ExplainOptions): Promise<void> {
  const question = parseQuestion(typed, options.group ?? []);
  const answer =
    options.config === undefined
      ? await askServer(question, options)
      : responseOf(await explainByFile(world, question, options.config));
  if (options.json === true) await printWholeJson(world.out, ExplainAccessResponseSchema, answer);
  else await printLines(world.out, answerLines(question, answer));
  if (!answer.allowed) throw new CommandEnd(EXIT.refused);
}

function parseQuestion(
  { principal, action, repository }: Question,
  groups: readonly string[],
): AccessQuestion {
  if (!isAction(action)) throw usage(`"${action}" is no action; there are ${ACTIONS.join(", ")}`);
  if (repository === undefined && action !== "admin")
    throw usage(`${action} what? Name a repository; only "admin" can be about the registry itself`);
  return { principal: parsePrincipalId(principal), action, repository, groups };
}

function askServer(question: AccessQuestion, options: RemoteOptions): Promise<ExplainAccessResponse> {
  const { repository = "", groups, ...rest } = question;
  return askAuth(options, (client) => client.explainAccess({ ...rest, repository, groups: [...groups] }));
}

function responseOf({ groups, ...answer }: Explanation): ExplainAccessResponse {
  return create(ExplainAccessResponseSchema, { ...answer, groups: [...groups] });
}

/** "Allowed: user:alice may push to acme/app; rule 2 decides: …" and the groups that counted. */
function answerLines(
  { principal, action, repository }: AccessQuestion,
  answer: ExplainAccessResponse,
): string[] {
  const { allowed, reason, known, groups } = answer;
  const [verdict, may] = allowed ? ["Allowed", "may"] : ["Refused", "may not"];
  const place = repository === undefined ? "the registry itself" : repository;
  const counted =
    groups.length === 0 ? "Groups that counted: none" : `Groups that counted: ${groups.join(", ")}`;
  const isKept = principal.startsWith("user:") || principal.startsWith("robot:");
  const stranger = known || !isKept ? [] : [UNKNOWN];
  return [`${verdict}: ${principal} ${may} ${PHRASES[action]} ${place}: ${reason}`, counted, ...stranger].map(
    printable,
  );
}

const PHRASES: Readonly<Record<Action, string>> = {
  pull: "pull from",
  push: "push to",
  delete: "delete in",
  admin: "administrate",
};

const UNKNOWN =
  "No file of users has this name, or it is disabled or has expired there: nobody can log in by it now.";

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
