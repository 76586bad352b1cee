// Who watches calls: told of each when it begins and when it has ended, whether it
// came over the network or from a gateway in this process.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Code, HandlerContext } from "@connectrpc/connect";

/** None of this may throw. */
export interface CallObserver {
  /** Called once for each method when it is mounted; what it returns is told of each call of that method. */
  observe(method: DescMethod): (context: HandlerContext, request: unknown) => CallObservation | undefined;
}

/** One call that has begun. */
export interface CallObservation {
  /** Does a part of the call: all of it, or the next step of a stream. */
  within<T>(work: () => T): T;
  /** Undefined: it went well. */
  ended(code: Code | undefined, error?: unknown): void;
}
