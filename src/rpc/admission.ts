// Puts reception in front of a service's methods. Wraps the methods themselves: an
// interceptor would cost every call a request object.
import type { DescService, MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { AuthService } from "../gen/stowage/v1/auth_service_pb.ts";
import { readOnlyError } from "../oci/read-only.ts";
import type { EffectOf, Effects } from "./effects.ts";
import type { Demand, Demands } from "./needs.ts";
import type { ChallengeKind, Reception } from "./reception.ts";

type Handler = (request: unknown, context: HandlerContext) => unknown;
type StreamHandler = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;
type ClientStreamHandler = (requests: AsyncIterable<unknown>, context: HandlerContext) => Promise<unknown>;
type Ask = (request: unknown, context: HandlerContext) => void | Promise<void>;

export interface AdmissionParts<S extends DescService> {
  readonly demands: Demands<S>;
  readonly effects: Effects<S>;
  readonly reception: Reception;
}

/** The service behind reception. */
export function withAdmission<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  { demands, effects, reception }: AdmissionParts<S>,
): ServiceImpl<S> {
  if (!reception.asks) return implementation;
  const methods: Readonly<Record<string, unknown>> = { ...implementation };
  const table: Readonly<Record<string, unknown>> = demands;
  const effectOf: Readonly<Record<string, unknown>> = effects;
  const wrapped = service.methods.map((method) => {
    const demandOf = table[method.localName] as (request: MessageShape<typeof method.input>) => Demand;
    const kind: ChallengeKind = method === AuthService.method.issueToken ? "basic" : "usual";
    const admit: Ask = (request, context) =>
      reception.admit(context, demandOf(request as MessageShape<typeof method.input>), kind);
    const effect = effectOf[method.localName] as EffectOf<unknown>;
    const ask = reception.isReadOnly ? refuseChanges(admit, effect) : admit;
    const handler = methods[method.localName];
    switch (method.methodKind) {
      case "server_streaming":
        return [method.localName, askBeforeStream(handler as StreamHandler, ask)];
      case "client_streaming":
        return [method.localName, askAtFirstMessage(handler as ClientStreamHandler, ask, reception)];
      default:
        return [method.localName, askBefore(handler as Handler, ask)];
    }
  });
  return Object.fromEntries(wrapped); // the same methods under the same names
}

/** Who may not come in hears that first. */
function refuseChanges(admit: Ask, effect: EffectOf<unknown>): Ask {
  if (effect === "reads" || effect === "steers") return admit;
  return (request, context) => {
    const refuse = () => {
      if ((typeof effect === "function" ? effect(request) : effect) === "changes") throw readOnlyError();
    };
    const asking = admit(request, context);
    return asking === undefined ? refuse() : asking.then(refuse);
  };
}

function askBefore(handler: Handler, ask: Ask): Handler {
  return (request, context) => {
    const asking = ask(request, context);
    return asking === undefined ? handler(request, context) : asking.then(() => handler(request, context));
  };
}

/** Costs the stream's messages nothing where reception need not wait, and one hop each where it must. */
function askBeforeStream(handler: StreamHandler, ask: Ask): StreamHandler {
  return (request, context) => {
    const asking = ask(request, context);
    return asking === undefined ? handler(request, context) : after(asking, () => handler(request, context));
  };
}

async function* after(asking: Promise<void>, stream: () => AsyncIterable<unknown>): AsyncIterable<unknown> {
  await asking;
  yield* stream();
}

/** The first message tells what is asked for; the handler gets it all the same. The only client stream is an upload. */
function askAtFirstMessage(
  handler: ClientStreamHandler,
  ask: Ask,
  reception: Reception,
): ClientStreamHandler {
  return async (requests, context) => {
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done !== true) await ask(first.value, context);
    using _place = reception.holdUpload(context);
    return await handler(new Rejoined(first, messages), context);
  };
}

/** A stream whose first message was read already. */
class Rejoined implements AsyncIterableIterator<unknown> {
  #first: IteratorResult<unknown> | undefined;
  readonly #rest: AsyncIterator<unknown>;

  constructor(first: IteratorResult<unknown>, rest: AsyncIterator<unknown>) {
    this.#first = first;
    this.#rest = rest;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const first = this.#first;
    this.#first = undefined;
    return first === undefined ? this.#rest.next() : Promise.resolve(first);
  }

  async return(): Promise<IteratorResult<unknown>> {
    await this.#rest.return?.();
    return { done: true, value: undefined };
  }
}
