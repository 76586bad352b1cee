// The descriptors that reflection hands out: the files of the mounted services and
// all that those import, found by file name and by symbol.
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Files are serialised FileDescriptorProtos, the one asked for first, then all it imports. */
export interface ReflectionIndex {
  readonly serviceNames: readonly string[];
  fileByName(name: string): readonly Uint8Array[] | undefined;
  /** Services, methods, messages, fields, oneofs, enums and enum values, by full name. */
  fileBySymbol(symbol: string): readonly Uint8Array[] | undefined;
  isMessage(name: string): boolean;
}

export function createReflectionIndex(services: readonly DescService[]): ReflectionIndex {
  const files = new Map<string, DescFile>();
  for (const service of services) collect(service.file, files);
  const symbols = new Map<string, DescFile>();
  const messages = new Set<string>();
  for (const file of files.values()) {
    for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
    for (const type of nestedTypes(file)) if (type.kind === "message") messages.add(type.typeName);
  }
  const closure = (file: DescFile | undefined) =>
    file && [...collect(file, new Map()).values()].map(serialize);
  return {
    serviceNames: services.map(({ typeName }) => typeName),
    fileByName: (name) => closure(files.get(name)),
    fileBySymbol: (symbol) => closure(symbols.get(symbol)),
    isMessage: (name) => messages.has(name),
  };
}

/** Adds the file and everything it imports, the file first. */
function collect(file: DescFile, found: Map<string, DescFile>): Map<string, DescFile> {
  if (found.has(file.proto.name)) return found;
  found.set(file.proto.name, file);
  for (const dependency of file.dependencies) collect(dependency, found);
  return found;
}

function serialize(file: DescFile): Uint8Array {
  return toBinary(FileDescriptorProtoSchema, file.proto);
}

function* symbolsOf(file: DescFile): Iterable<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    const { typeName } = type;
    if (type.kind === "service") yield* type.methods.map(({ name }) => `${typeName}.${name}`);
    if (type.kind === "message") {
      yield* [...type.fields, ...type.oneofs].map(({ name }) => `${typeName}.${name}`);
    }
    // The values of an enum stand beside it, not in it.
    if (type.kind === "enum") yield* type.values.map(({ name }) => typeName.replace(/[^.]+$/, name));
  }
}
