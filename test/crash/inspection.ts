// Asks a registry, after it came back, whether all it has acknowledged is there and whole, and whether its event
// log tells the same story.
import { type DigestAlgorithm, digestOf } from "../../src/oci/digest.ts";
import type { EventLogReader } from "../support/event-log.ts";
import type { HttpCaller } from "../support/http-caller.ts";
import type { EventReplay } from "./event-replay.ts";
import { ABSENT, type Ledger, PRESENT, splitName } from "./ledger.ts";
import { MANIFEST_TYPE } from "./made-up-image.ts";

/** What an inspection needs. */
export interface InspectionParts {
  readonly http: HttpCaller;
  readonly events: EventLogReader;
  readonly ledger: Ledger;
  readonly replay: EventReplay;
}

/** Inspects what changed since the last inspection; throws at the first thing that is wrong. */
export async function inspectChanges(parts: InspectionParts): Promise<void> {
  const { ledger, replay } = parts;
  await readNewEvents(parts);
  checkEventCounts(parts);
  for (const name of new Set([...ledger.takeTouched(), ...replay.takeTouched()]))
    await inspectName(parts, name);
}

/** Inspects what is certain, and settles nothing: for times when what was refused may still turn out to have happened. */
export async function inspectCertain({ http, ledger }: InspectionParts): Promise<void> {
  for (const name of ledger.names()) {
    const possible = ledger.possible(name);
    if (possible.size > 1) continue;
    const actual = await lookUp(http, name);
    if (!possible.has(actual)) throw new Error(`${name} is ${actual} instead of ${[...possible].join()}`);
  }
}

/** Inspects everything there ever was, and that there is nothing else. */
export async function inspectAll(parts: InspectionParts): Promise<void> {
  await inspectChanges(parts);
  for (const name of parts.ledger.names()) await inspectName(parts, name);
  const manifests = parts.replay.present("manifest").map((name) => splitName(name)[1]);
  const repositories = [...new Set(manifests)].sort();
  same("the catalog", await list(parts, "/v2/_catalog?n=1000", "repositories"), repositories);
  for (const repository of repositories) {
    const names = parts.replay.present("tag").map(splitName);
    const tags = names.flatMap(([, where, tag]) => (where === repository ? [tag] : [])).sort();
    same(`tags of ${repository}`, await list(parts, `/v2/${repository}/tags/list`, "tags"), tags);
  }
}

async function readNewEvents({ events, replay }: InspectionParts): Promise<void> {
  for await (const event of events.after(replay.cursor)) replay.add(event);
}

function checkEventCounts({ ledger, replay }: InspectionParts): void {
  const expected = ledger.eventCounts();
  for (const [event, { acknowledged, attempted }] of expected) {
    const count = replay.count(event);
    if (count < acknowledged || count > attempted)
      throw new Error(
        `${event}: ${count} times in the log; acknowledged ${acknowledged}, attempted ${attempted}`,
      );
  }
  for (const event of replay.counted()) {
    if (!expected.has(event) && !isCancellation(event))
      throw new Error(`${event}: in the log, and nobody asked for it`);
  }
}

/** A push in one request that fails ends its session itself. */
function isCancellation(event: string): boolean {
  return splitName(event)[0] === "uploadCancelled";
}

async function inspectName({ http, ledger, replay }: InspectionParts, name: string): Promise<void> {
  const actual = await lookUp(http, name);
  const logged = replay.value(name);
  if (actual !== logged) throw new Error(`${name} is ${actual}, and ${logged} by the event log`);
  if (isShared(name)) return;
  const possible = ledger.possible(name);
  if (!possible.has(actual)) throw new Error(`${name} is ${actual}; possible: ${[...possible].join(", ")}`);
  ledger.settle(name, actual);
}

/** Several clients push these tags at the same time: only the log knows the order. */
function isShared(name: string): boolean {
  return splitName(name)[2].startsWith("shared-");
}

/** What the registry says about a name, its bytes hashed. */
async function lookUp(http: HttpCaller, name: string): Promise<string> {
  const [kind, repository, subject] = splitName(name);
  const path = `/v2/${repository}/${kind === "blob" ? "blobs" : "manifests"}/${subject}`;
  const answer = await http.expect([200, 404], {
    method: "GET",
    path,
    headers: { accept: `${MANIFEST_TYPE}, */*` },
  });
  if (answer.status === 404) return ABSENT;
  const said = String(answer.headers["docker-content-digest"]);
  const algorithm: DigestAlgorithm = said.startsWith("sha512") ? "sha512" : "sha256";
  const digest = digestOf(answer.body, algorithm);
  if (digest !== said) throw new Error(`${name}: the bytes have digest ${digest}, not ${said}`);
  if (kind === "tag") return digest;
  if (digest !== subject) throw new Error(`${name}: answered with ${digest}`);
  return PRESENT;
}

async function list({ http }: InspectionParts, path: string, member: string): Promise<string[]> {
  const { body } = await http.expect([200], { method: "GET", path });
  const document: Readonly<Record<string, string[]>> = JSON.parse(body.toString());
  return document[member]?.toSorted() ?? [];
}

function same(what: string, actual: readonly string[], expected: readonly string[]): void {
  if (actual.join() !== expected.join())
    throw new Error(`${what}: ${actual.join()}; by the event log: ${expected.join()}`);
}
