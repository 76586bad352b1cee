// Every RPC that describes content promises a descriptor; protobuf cannot say so.
import type { Descriptor } from "../src/gen/stowage/v1/descriptor_pb.ts";

/** The descriptor that the registry promised. */
export function demandDescriptor(answer: { readonly descriptor?: Descriptor | undefined }): Descriptor {
  if (answer.descriptor === undefined) throw new Error("the registry answered without a descriptor");
  return answer.descriptor;
}
