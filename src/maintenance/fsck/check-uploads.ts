// Upload sessions: each is open or closed, and bytes of uploads belong to open ones.
import { openUploadsKey } from "../../metadata/keeping-keys.ts";
import { closedUploadKey, closedUploads, uploadKey, uploads } from "../../metadata/keys.ts";
import { transact } from "../../metadata/transaction.ts";
import { RegistryError } from "../../oci/errors.ts";
import { merge } from "../merge.ts";
import { entries } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** So many unclaimed uploads are told of at once; the next check finds the others. */
const MOST = 10_000;

export async function* checkUploads(run: PhaseRun): Steps {
  yield* checkSessions(run);
  yield* checkBytes(run);
}

async function* checkSessions(run: PhaseRun): Steps {
  const { snapshot, signal } = run;
  const pairs = merge(entries(snapshot, uploads, signal), entries(snapshot, closedUploads, signal));
  for await (const { name: id, left, right } of pairs) {
    const isTwice = left !== undefined && right !== undefined;
    yield { done: 1, suspicions: isTwice ? [uploadTwice(run, id, left.record.repository)] : [] };
  }
}

function uploadTwice({ context }: PhaseRun, id: string, repository: Suspicion["repository"]): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const open = await transaction.get(uploadKey(id));
      if (open === undefined || (await transaction.get(closedUploadKey(id))) === undefined) return true;
      transaction.remove(uploadKey(id));
      if ((await transaction.get(openUploadsKey(open.repository))) !== undefined)
        transaction.add(openUploadsKey(open.repository), -1);
      return true;
    });
  const detail = `upload session ${id} is open, and has become a blob`;
  return { what: "upload-twice", ...(repository !== undefined && { repository }), detail, repair };
}

/** What has no session at the beginning and at the end: in between, whoever ended it drops the bytes. */
async function* checkBytes(run: PhaseRun): Steps {
  const { context, signal } = run;
  const suspects = new Set<string>();
  for await (const id of context.uploads.list()) {
    signal?.throwIfAborted();
    if (!(await isKnown(run, id)) && suspects.size < MOST) suspects.add(id);
    yield { done: 1, suspicions: [] };
  }
  if (suspects.size === 0) return;
  for await (const id of context.uploads.list()) {
    if (suspects.has(id) && !(await isKnown(run, id))) yield { done: 0, suspicions: [unclaimed(run, id)] };
  }
}

async function isKnown({ context }: PhaseRun, id: string): Promise<boolean> {
  const { metadata } = context;
  if ((await metadata.get(uploadKey(id))) !== undefined) return true;
  return (await metadata.get(closedUploadKey(id))) !== undefined;
}

function unclaimed({ context }: PhaseRun, id: string): Suspicion {
  const repair = async () => {
    try {
      if ((await context.metadata.get(uploadKey(id))) === undefined) await context.uploads.discard(id);
      return true;
    } catch (error) {
      if (error instanceof RegistryError && error.code === "BLOB_UPLOAD_INVALID") return false; // somebody writes
      throw error;
    }
  };
  const advice = "the next start removes it";
  return { what: "upload-unclaimed", detail: `upload ${id} has bytes and no session`, repair, advice };
}
