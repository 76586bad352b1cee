// gRPC server reflection, v1 and v1alpha (older clients know only that): lets grpcurl,
// buf curl and the like call the services without a copy of the schema.
import type { DescService } from "@bufbuild/protobuf";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { MAX_SMALL_REQUEST } from "./mount.ts";
import { createReflectionIndex, type ReflectionIndex } from "./reflection-index.ts";

/** What is asked, the same in both versions. */
type Question =
  | {
      case: "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType" | "listServices";
      value: string;
    }
  | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } }
  | { case: undefined; value?: undefined };

const SMALL = { readMaxBytes: MAX_SMALL_REQUEST };

/** Mounts reflection over the given services and itself. */
export function addReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const index = createReflectionIndex([...services, ServerReflection, ServerReflectionAlpha]);
  router.service(
    ServerReflection,
    {
      async *serverReflectionInfo(requests) {
        for await (const request of requests)
          yield { ...echo(request), messageResponse: answer(index, request) };
      },
    },
    SMALL,
  );
  router.service(
    ServerReflectionAlpha,
    {
      async *serverReflectionInfo(requests) {
        for await (const request of requests)
          yield { ...echo(request), messageResponse: answer(index, request) };
      },
    },
    SMALL,
  );
}

function echo<Request extends { host: string }>(request: Request) {
  return { validHost: request.host, originalRequest: request };
}

function answer(index: ReflectionIndex, { messageRequest }: { messageRequest: Question }) {
  switch (messageRequest.case) {
    case "listServices":
      return services(index);
    case "fileByFilename":
      return files(index.fileByName(messageRequest.value), messageRequest.value);
    case "fileContainingSymbol":
      return files(index.fileBySymbol(messageRequest.value), messageRequest.value);
    case "fileContainingExtension":
      return notFound(
        `extension ${messageRequest.value.extensionNumber} of ${messageRequest.value.containingType}`,
      );
    case "allExtensionNumbersOfType":
      return extensionNumbers(index, messageRequest.value);
    case undefined:
      return failure(Code.InvalidArgument, "the request asks for nothing that is known here");
  }
}

function services({ serviceNames }: ReflectionIndex) {
  const value = { service: serviceNames.map((name) => ({ name })) };
  return { case: "listServicesResponse", value } as const;
}

function files(found: readonly Uint8Array[] | undefined, name: string) {
  if (found === undefined) return notFound(name);
  const value = { fileDescriptorProto: [...found] };
  return { case: "fileDescriptorResponse", value } as const;
}

/** The schema has no extensions, so the list is empty for every message there is. */
function extensionNumbers(index: ReflectionIndex, name: string) {
  if (!index.isMessage(name)) return notFound(name);
  const value = { baseTypeName: name, extensionNumber: [] };
  return { case: "allExtensionNumbersResponse", value } as const;
}

function notFound(what: string) {
  return failure(Code.NotFound, `${what.slice(0, 200)} is not known here`);
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } } as const;
}
