// Puts an observer around a service's methods. Outermost, so that it sees what the
// caller gets. Wraps the methods themselves: an interceptor would cost every call a
// request object.
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { CallObservation, CallObserver } from "./call-observer.ts";

type Begin = ReturnType<CallObserver["observe"]>;
type Handler = (request: unknown, context: HandlerContext) => unknown;
type StreamHandler = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;

/** The service, watched. Without an observer it is the service itself. */
export function withObserver<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  observer: CallObserver | undefined,
): ServiceImpl<S> {
  if (observer === undefined) return implementation;
  const methods: Readonly<Record<string, unknown>> = { ...implementation };
  const wrapped = service.methods.map((method) => {
    const begin = observer.observe(method);
    const handler = methods[method.localName];
    return [
      method.localName,
      method.methodKind === "server_streaming"
        ? watchStream(handler as StreamHandler, begin)
        : watchCall(handler as Handler, begin),
    ];
  });
  return Object.fromEntries(wrapped); // the same methods under the same names
}

function watchCall(handler: Handler, begin: Begin): Handler {
  return (request, context) => {
    const observation = begin(context, request);
    return observation === undefined
      ? handler(request, context)
      : watched(observation, () => handler(request, context));
  };
}

async function watched(observation: CallObservation, work: () => unknown): Promise<unknown> {
  try {
    const response = await observation.within(work);
    observation.ended(undefined);
    return response;
  } catch (error) {
    observation.ended(codeOf(error), error);
    throw error;
  }
}

function watchStream(handler: StreamHandler, begin: Begin): StreamHandler {
  return async function* (request, context) {
    const observation = begin(context, request);
    if (observation === undefined) {
      yield* handler(request, context);
      return;
    }
    // Whoever stops asking has seen enough, or has left.
    let code: Code | undefined = Code.Canceled;
    let failure: unknown;
    try {
      const messages = observation.within(() => handler(request, context)[Symbol.asyncIterator]());
      try {
        for (;;) {
          const next = await observation.within(() => messages.next());
          if (next.done === true) break;
          yield next.value;
        }
        code = undefined;
      } finally {
        if (code !== undefined) await messages.return?.();
      }
    } catch (error) {
      failure = error;
      code = codeOf(error);
      throw error;
    } finally {
      observation.ended(code, failure);
    }
  };
}

function codeOf(error: unknown): Code {
  return error instanceof ConnectError ? error.code : Code.Internal;
}
