// Streams a request's body into an upload session.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Upload } from "../src/gen/stowage/v1/upload_pb.ts";
import type {
  WriteUploadRequestSchema,
  WriteUploadResponse,
} from "../src/gen/stowage/v1/upload_service_pb.ts";
import { withClientSignal } from "./client-signal.ts";
import type { UploadPlace } from "./content-range.ts";
import type { Exchange } from "./exchange.ts";
import { waitsToSend } from "./http-messages.ts";
import { withScope } from "./push-access.ts";
import { type BodyChunk, openBody, type RequestBody } from "./read-body.ts";

type Message = MessageInitShape<typeof WriteUploadRequestSchema>;

/**
 * What a client sent before it left is still written; a registry that does not
 * take it in this time, in milliseconds, is not waited for.
 */
const FAREWELL_MS = 1000;

/** Where the body belongs, and what its session shall become with it. */
export interface UploadTarget extends UploadPlace {
  /** Absent: the session stays open. */
  readonly commitDigest?: string;
}

/** Appends the body to the session; undefined when there was no byte in it, and nothing was done. */
export async function writeUpload(
  exchange: Exchange,
  uploadId: string,
  target: UploadTarget,
): Promise<WriteUploadResponse | undefined> {
  const { request, response, services, repository } = exchange;
  // Who waits to hear whether its bytes are wanted hears it before they come.
  if (waitsToSend(request)) await services.uploads.getUpload({ repository, uploadId }, exchange.call);
  const body = openBody(exchange);
  try {
    const first = await body.next();
    if (first === undefined) return undefined;
    const messages = requestMessages({ repository, uploadId, ...target }, first, body);
    const write = (signal: AbortSignal) =>
      services.uploads.writeUpload(messages, { ...exchange.call, signal });
    return await withScope(exchange, withClientSignal(response, write, FAREWELL_MS));
  } catch (error) {
    // Where the body failed, that is the reason, whatever the registry made of the broken stream.
    throw body.failure ?? error;
  } finally {
    body.release();
  }
}

/** The session that the registry promised. */
export function demandUpload({ upload }: { readonly upload?: Upload | undefined }): Upload {
  if (upload === undefined) throw new Error("the registry answered without an upload");
  return upload;
}

async function* requestMessages(
  start: { readonly repository: string; readonly uploadId: string } & UploadTarget,
  first: BodyChunk,
  body: RequestBody,
): AsyncGenerator<Message> {
  yield { part: { case: "start", value: start } };
  yield chunkMessage(first);
  for await (const chunk of body) yield chunkMessage(chunk);
}

function chunkMessage(chunk: BodyChunk): Message {
  return { part: { case: "chunk", value: chunk } };
}
