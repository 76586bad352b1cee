// Upload sessions: begin, write, ask, end. distribution-spec, Pushing blobs.
import { setTimeout as sleep } from "node:timers/promises";
import type { Upload } from "../../src/gen/stowage/v1/upload_pb.ts";
import type { WriteUploadResponse } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { isDigest, parseDigest } from "../../src/oci/digest.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { answer } from "../answer.ts";
import { type UploadPlace, uploadPlace } from "../content-range.ts";
import { demandDescriptor } from "../descriptor.ts";
import { hasCode, hasFact, refusalOf } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { hasBody, type ResponseHeaders } from "../http-messages.ts";
import { blobLocation, uploadLocation } from "../locations.ts";
import { queryValue } from "../query.ts";
import { demandUpload, type UploadTarget, writeUpload } from "../write-upload.ts";

/** When a session is tried to be dropped: at once, and again after these times, in milliseconds. */
const DROP_DELAYS_MS = [0, 50, 200, 1000];

export async function postUpload(exchange: Exchange): Promise<void> {
  const { services, repository, query } = exchange;
  const mount = queryValue(query, "mount");
  if (mount !== undefined && (await answerMount(exchange, mount))) return;
  const digest = queryValue(query, "digest");
  if (digest !== undefined) return postBlob(exchange, digest);
  const algorithm = queryValue(query, "digest-algorithm");
  const known = {
    ...(algorithm !== undefined && { digestAlgorithm: algorithm }),
    ...(mount !== undefined && isDigest(mount) && { digest: mount }), // what could not be mounted comes now
  };
  const created = await services.uploads.createUpload({ repository, ...known }, exchange.call);
  answer(exchange, 202, { ...sessionHeaders(exchange, demandUpload(created)), "Content-Length": 0 });
}

export async function getUpload(exchange: Exchange): Promise<void> {
  const { services, repository, argument: uploadId } = exchange;
  const upload = demandUpload(await services.uploads.getUpload({ repository, uploadId }, exchange.call));
  answer(exchange, 204, sessionHeaders(exchange, upload));
}

export async function patchUpload(exchange: Exchange): Promise<void> {
  const { argument: uploadId, request, services, repository } = exchange;
  const written =
    (await appendBody(exchange, uploadId, uploadPlace(request))) ??
    (await services.uploads.getUpload({ repository, uploadId }, exchange.call));
  answer(exchange, 202, { ...sessionHeaders(exchange, demandUpload(written)), "Content-Length": 0 });
}

export async function putUpload(exchange: Exchange): Promise<void> {
  const { argument: uploadId, query, request } = exchange;
  const digest = parseDigest(queryValue(query, "digest") ?? missingDigest());
  await finishUpload(exchange, uploadId, digest, hasBody(request) ? uploadPlace(request) : undefined);
}

export async function deleteUpload(exchange: Exchange): Promise<void> {
  const { services, repository, argument: uploadId } = exchange;
  await services.uploads.cancelUpload({ repository, uploadId }, exchange.call);
  answer(exchange, 204, {});
}

/** False: the blob cannot be mounted, and the client shall upload it. */
async function answerMount(exchange: Exchange, mount: string): Promise<boolean> {
  const { services, repository, query } = exchange;
  const from = queryValue(query, "from");
  try {
    const source = from === undefined || from === "" ? {} : { fromRepository: from };
    const mounted = await services.blobs.mountBlob({ repository, digest: mount, ...source }, exchange.call);
    answerCreated(exchange, demandDescriptor(mounted).digest);
    return true;
  } catch (error) {
    // Who may not read there may upload here; what does not fit here does not fit as an upload either.
    if (hasCode(error, "BLOB_UNKNOWN", "NAME_UNKNOWN")) return false;
    if (hasCode(error, "DENIED") && !hasFact(error, "quota")) return false;
    throw error;
  }
}

/** A whole blob in one request. Its session is nobody else's, so it goes when the push fails. */
async function postBlob(exchange: Exchange, text: string): Promise<void> {
  const { services, repository, request } = exchange;
  const digest = parseDigest(text);
  const place = uploadPlace(request);
  const known = { digest, ...(place.size !== undefined && { size: place.size }) };
  const created = await services.uploads.createUpload({ repository, ...known }, exchange.call);
  const { uploadId } = demandUpload(created);
  try {
    await finishUpload(exchange, uploadId, digest, hasBody(request) ? place : undefined);
  } catch (error) {
    await dropSession(exchange, uploadId);
    throw error;
  }
}

/** Cancels a session; where a client just left, the registry may still be busy with its last bytes. */
async function dropSession({ services, repository, call }: Exchange, uploadId: string): Promise<void> {
  for (const delayMs of DROP_DELAYS_MS) {
    await sleep(delayMs);
    try {
      await services.uploads.cancelUpload({ repository, uploadId }, call);
      return;
    } catch (error) {
      if (!hasCode(error, "BLOB_UPLOAD_INVALID")) return; // it is gone, or will be with all that are never closed
    }
  }
}

/** Commits the session, with the request's body as its last bytes if there is one. */
async function finishUpload(
  exchange: Exchange,
  uploadId: string,
  digest: string,
  place: UploadPlace | undefined,
): Promise<void> {
  const { services, repository } = exchange;
  const written = place && (await appendBody(exchange, uploadId, { ...place, commitDigest: digest }));
  const committed =
    written ?? (await services.uploads.commitUpload({ repository, uploadId, digest }, exchange.call));
  answerCreated(exchange, demandDescriptor(committed).digest);
}

/** Writes the body; a wrong offset is answered with where the session stands. */
async function appendBody(
  exchange: Exchange,
  uploadId: string,
  target: UploadTarget,
): Promise<WriteUploadResponse | undefined> {
  try {
    return await writeUpload(exchange, uploadId, target);
  } catch (error) {
    if (!hasCode(error, "RANGE_INVALID")) throw error;
    const { services, repository } = exchange;
    const upload = demandUpload(await services.uploads.getUpload({ repository, uploadId }, exchange.call));
    throw refusalOf(error).with(sessionHeaders(exchange, upload));
  }
}

function answerCreated(exchange: Exchange, digest: string): void {
  answer(exchange, 201, {
    Location: blobLocation(exchange, digest),
    "Docker-Content-Digest": digest,
    "Content-Length": 0,
  });
}

function sessionHeaders(exchange: Exchange, { uploadId, offset }: Upload): ResponseHeaders {
  return {
    Location: uploadLocation(exchange, uploadId),
    // "0-0" also where there is no byte yet: the form has no other way, and Docker clients expect it.
    Range: `0-${offset === 0n ? 0n : offset - 1n}`,
    "Docker-Upload-UUID": uploadId,
  };
}

function missingDigest(): never {
  const message = "closing an upload needs ?digest=, the digest of the whole blob";
  throw new RegistryError("DIGEST_INVALID", {}, { message });
}
