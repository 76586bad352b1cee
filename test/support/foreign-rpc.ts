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
  "grpc/health/v1/health.proto",
  "google/rpc/error_details.proto",
];

/** What grpc-js makes of a message. */
export type Message = { readonly [field: string]: unknown };

type Method = grpc.MethodDefinition<Message, Message>;

/** One connection, over which every method can be called by its full name. */
export class ForeignClient {
  readonly #schema = loadSync(FILES, { includeDirs: [OURS, THIRD_PARTY], longs: String, oneofs: true });
  readonly #client: grpc.Client;

  constructor(host: string) {
    this.#client = new grpc.Client(host, grpc.credentials.createInsecure());
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
