// What each RPC and each route needs, in the words of docs/auth.md: of RPCs by the table in src/rpc/needs.ts, of
// routes by what a registry asks of who has not said who they are.
import type { DescService } from "@bufbuild/protobuf";
import type { Route } from "../../gateway/route.ts";
import { ROUTES } from "../../gateway/routes.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { MaintenanceService } from "../../src/gen/stowage/v1/maintenance_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../../src/gen/stowage/v1/usage_service_pb.ts";
import { scopeOf } from "../../src/oci/access.ts";
import {
  AUTH_DEMANDS,
  BLOB_DEMANDS,
  type Demand,
  EVENT_DEMANDS,
  MAINTENANCE_DEMANDS,
  MANIFEST_DEMANDS,
  NOTIFICATION_DEMANDS,
  UPLOAD_DEMANDS,
  USAGE_DEMANDS,
} from "../../src/rpc/needs.ts";

/** Needs, and the calls that have them: "BlobService/StatBlob", "GET /v2/". */
export type NeedsOfCalls = ReadonlyMap<string, readonly string[]>;

/** What is looked at of an answer; those of fetch fit. */
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

type LooseDemands = Readonly<Record<string, ((request: never) => Demand) | undefined>>;

const SERVICES: readonly (readonly [DescService, LooseDemands])[] = [
  [BlobService, BLOB_DEMANDS],
  [UploadService, UPLOAD_DEMANDS],
  [ManifestService, MANIFEST_DEMANDS],
  [UsageService, USAGE_DEMANDS],
  [EventService, EVENT_DEMANDS],
  [NotificationService, NOTIFICATION_DEMANDS],
  [MaintenanceService, MAINTENANCE_DEMANDS],
  [AuthService, AUTH_DEMANDS],
];

const [NAME, FROM] = ["a/b", "c/d"];

const IN_REPOSITORY = {
  repository: NAME,
  fromRepository: FROM,
  actions: ["pull", "push"],
  part: { case: "start", value: { repository: NAME } },
  scope: { case: "repository", value: NAME },
};

/** Some lists without a repository are about all of them. */
const IN_ALL = { ...IN_REPOSITORY, repository: undefined, scope: { case: undefined } };
const IN_ANY = { ...IN_REPOSITORY, repository: "" };

const WORDS = {
  open: "nothing",
  credential: "any credential, an anonymous token too",
  principal: "a name",
} as const;

export function needsOfRpcs(): NeedsOfCalls {
  const calls = SERVICES.flatMap(([service, demands]) =>
    service.methods.map(({ localName, name }) => {
      const demandOf = demands[localName];
      if (demandOf === undefined) throw new Error(`${name} is in no table`);
      return [inWords(demandOf(IN_REPOSITORY as never)), `${service.name}/${name}`] as const;
    }),
  );
  const uploads = inWords(UPLOAD_DEMANDS.listUploads(IN_ALL as never));
  const trash = inWords(MANIFEST_DEMANDS.listDeletedManifests(IN_ANY as never));
  const usage = inWords(USAGE_DEMANDS.getUsage(IN_ALL as never));
  return grouped([
    ...calls,
    [uploads, "UploadService/ListUploads of all repositories"],
    [trash, "ManifestService/ListDeletedManifests of all repositories"],
    [usage, "UsageService/GetUsage of a path or all repositories"],
  ]);
}

/** Of a registry that lets nobody in who has no name. */
export async function needsOfRoutes(
  ask: (method: string, path: string) => Promise<Answer>,
): Promise<NeedsOfCalls> {
  const calls: (readonly [string, string])[] = [];
  for (const route of ROUTES) {
    const needs = await askedFor(await ask(route.method, concrete(route)));
    calls.push([needs, `${route.method} ${route.path}`]);
  }
  const mount = `/v2/${NAME}/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=${FROM}`;
  calls.push([await askedFor(await ask("POST", mount)), "POST /v2/{name}/blobs/uploads/?mount&from"]);
  return grouped(calls);
}

async function askedFor(answer: Answer): Promise<string> {
  await answer.arrayBuffer();
  if (answer.ok || answer.url.endsWith("/auth/token")) return WORDS.open;
  const challenge = answer.headers.get("www-authenticate");
  if (answer.status !== 401 || challenge === null) throw new Error(`${answer.url} answered ${answer.status}`);
  const [, scope] = /scope="([^"]*)"/.exec(challenge) ?? [];
  return scope === undefined ? WORDS.credential : shown(scope);
}

/** With what it must have to be asked about: the request is looked at first. */
function concrete({ id, path }: Route): string {
  return (id === "put-upload" ? `${path}?digest={digest}` : path)
    .replace("{name}", NAME)
    .replace("{digest}", `sha256:${"0".repeat(64)}`)
    .replace("{upload_id}", "00000000-0000-7000-8000-000000000000")
    .replace("{reference}", "latest");
}

function inWords(demand: Demand): string {
  return typeof demand === "string" ? WORDS[demand] : shown(scopeOf(demand));
}

function shown(scope: string): string {
  return scope
    .split(" ")
    .map((one) => `\`${one.replace(NAME, "NAME").replace(FROM, "FROM")}\``)
    .join(" ");
}

function grouped(calls: readonly (readonly [string, string])[]): NeedsOfCalls {
  const groups = new Map<string, string[]>();
  for (const [needs, call] of calls) groups.set(needs, [...(groups.get(needs) ?? []), call]);
  return groups;
}
