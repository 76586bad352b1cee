// A client of the RPCs that shares no code with the registry: grpc-js, with the schema read from the .proto files.
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const OURS = fileURLToPath(new URL("../../proto", import.meta.url));
const THIRD_PARTY = fileURLToPath(new URL("../../third_party", import.meta.url));
const FILES = [
  "stowage/v1/blob_service.proto",
  "stowage/v1/upload_service.proto",
  "stowage/v1/manifest_service.proto",
  "stowage/v1/event_service.proto",
  "stowage/v1/auth_service.proto",
  "grpc/health/v1/health.proto",
  "google/rpc/error_details.proto",
];

/** What a client has for TLS, each in PEM form, and what it sends with each call. */
export interface ForeignTls {
  readonly authority: Buffer;
  readonly certificate?: Buffer;
  readonly key?: Buffer;
  readonly authorization?: string;
}

/** grpc-js with TLS; headers with credentials are sent only so. */
export function tlsCredentials(tls: ForeignTls): grpc.ChannelCredentials {
  const { authority, key, certificate, authorization } = tls;
  const channel = grpc.credentials.createSsl(authority, key, certificate);
  if (authorization === undefined) return channel;
  const metadata = new grpc.Metadata();
  metadata.set("authorization", authorization);
  const call = grpc.credentials.createFromMetadataGenerator((_, done) => done(null, metadata));
  return grpc.credentials.combineChannelCredentials(channel, call);
}

/** What grpc-js makes of a message. */
export type Message = { readonly [field: string]: unknown };

type Method = grpc.MethodDefinition<Message, Message>;

/** One connection, over which every method can be called by its full name. */
export class ForeignClient {
  readonly #schema = loadSync(FILES, { includeDirs: [OURS, THIRD_PARTY], longs: String, oneofs: true });
  readonly #client: grpc.Client;

  /** Absent credentials: plaintext, and nobody in particular. */
  constructor(host: string, credentials = grpc.credentials.createInsecure()) {
    this.#client = new grpc.Client(host, credentials);
  }

  /** Calls a method of one request and one response. */
  async call(path: string, request: Message): Promise<Message> {
    const { requestSerialize, responseDeserialize } = this.#method(path);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error, response) => {
          if (response === undefined) reject(error ?? new Error("neither error nor response"));
          else resolve(response);
        },
      );
    });
  }

  /** Calls a method that answers with many messages; stop reading and the call is cancelled. */
  async *read(path: string, request: Message): AsyncGenerator<Message> {
    const { requestSerialize, responseDeserialize } = this.#method(path);
    const stream = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    stream.on("error", () => {}); // cancelling ends it with an error that nobody waits for
    try {
      for await (const message of stream) yield message as Message;
    } finally {
      stream.cancel();
    }
  }

  /** Calls a method that takes many messages. */
  async write(path: string, requests: readonly Message[]): Promise<Message> {
    const { requestSerialize, responseDeserialize } = this.#method(path);
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        (error: grpc.ServiceError | null, response?: Message) => {
          if (response === undefined) reject(error ?? new Error("neither error nor response"));
          else resolve(response);
        },
      );
      for (const request of requests) stream.write(request);
      stream.end();
    });
  }

  close(): void {
    this.#client.close();
  }

  /** "/stowage.v1.BlobService/StatBlob" */
  #method(path: string): Method {
    const [, service = "", method = ""] = path.split("/");
    const definition = this.#schema[service] as Readonly<Record<string, Method>> | undefined;
    const found = definition?.[method];
    if (found === undefined) throw new Error(`the schema has no ${path}`);
    return found;
  }
}
