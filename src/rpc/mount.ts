// Mounts a service method by method: how large a message may be, and who is asked for
// a name before one is read. Whatever is read whole lies in memory until its sender is
// done or gives up, so who has not said who they are may not send much.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext, MethodImpl, ServiceImpl } from "@connectrpc/connect";
import { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import { type Report, withGateErrors } from "./errors.ts";
import type { Reception } from "./reception.ts";

/**
 * The largest request of most methods, in bytes. The longest that is legal names all 10,000 dead letters of a webhook:
 * 190 kB, in JSON too. IssueToken has 100 scopes of 512 characters, a filter of events 8192 characters.
 */
export const MAX_SMALL_REQUEST = 256 * 1024;

/** Those that bring content: as much as the router reads. */
const LARGE: readonly DescMethod[] = [ManifestService.method.putManifest, UploadService.method.writeUpload];

export interface MountOptions {
  readonly reception: Reception;
  readonly report: Report;
  /** Ends streams that never end by themselves. */
  readonly shutdownSignal?: AbortSignal;
}

export function mount<S extends DescService>(
  router: ConnectRouter,
  service: S,
  implementation: ServiceImpl<S>,
  { reception, report, ...endless }: MountOptions,
): void {
  const methods: Readonly<Record<string, unknown>> = { ...implementation };
  for (const method of service.methods) {
    const limits = LARGE.includes(method)
      ? { requestGate: gate(method, reception, report) }
      : { readMaxBytes: MAX_SMALL_REQUEST };
    router.rpc(method, methods[method.localName] as MethodImpl<typeof method>, { ...limits, ...endless });
  }
}

function gate(method: DescMethod, reception: Reception, report: Report) {
  const knock = withGateErrors(method, (context) => reception.knock(context), report);
  // A message from within the process is in its memory already.
  return (context: HandlerContext) => (context.protocolName === "in-process" ? undefined : knock(context));
}
