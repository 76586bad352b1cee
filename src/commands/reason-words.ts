// Why something was deleted, in words.
import type { Reason } from "../gen/stowage/v1/reason_pb.ts";

/** "somebody deleted it"; "-" where nobody knows. */
export function reasonWords(reason: Reason | undefined): string {
  switch (reason?.kind.case) {
    case "requested":
      return "somebody deleted it";
    case "belonged":
      return `it belonged to ${reason.kind.value.digest}`;
    case "retention":
      return `retention, ${reason.kind.value.rule}`;
    case undefined:
      return "-";
  }
}
