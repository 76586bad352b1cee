// Calls the services in this process: no server, no serialisation, messages and
// their bytes by reference. What a caller can see is what it would see on the wire;
// test/rpc/transport-parity.test.ts holds both to it. Two things follow from passing
// references: treat a request message as immutable, and use the bytes of a streamed
// message before asking for the next one (its buffer may be filled again).

import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create, isMessage } from "@bufbuild/protobuf";
import type { ConnectRouter, StreamResponse, Transport, UnaryResponse } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { DirectCall } from "./direct-call.ts";
import { invokeStream, invokeUnary } from "./direct-invoke.ts";
import { type DirectRoute, type DirectRouteOptions, DirectRouter } from "./direct-router.ts";
import { MessageStream } from "./direct-stream.ts";

export interface DirectTransportOptions extends DirectRouteOptions {
  /** The deadline of a call that names none. Absent: no deadline. */
  readonly defaultTimeoutMs?: number;
}

/** A Transport to the services that routes registers, in this process. */
export function createDirectTransport(
  routes: (router: ConnectRouter) => void,
  options: DirectTransportOptions = {},
): Transport {
  const router = new DirectRouter(options);
  routes(router);
  // As on the wire, a timeout of zero switches the default off.
  const deadline = (timeoutMs = options.defaultTimeoutMs) =>
    timeoutMs === undefined || timeoutMs <= 0 ? undefined : timeoutMs;

  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const route = router.find(method);
      const call = new DirectCall(route, { signal, timeoutMs: deadline(timeoutMs), header, contextValues });
      return new DirectResponse(method, await callUnary(route, call, create(method.input, input)));
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const route = router.find(method);
      const call = new DirectCall(route, { signal, timeoutMs: deadline(timeoutMs), header, contextValues });
      return callStream(route, call, method, input);
    },
  };
}

async function callUnary(route: DirectRoute, call: DirectCall, message: MessageShape<DescMessage>) {
  try {
    if (call.failure !== undefined) throw call.failure;
    const answer = invokeUnary(route, call, message);
    return await (call.cancellable ? call.race(answer) : answer);
  } catch (error) {
    throw call.outgoing(error);
  } finally {
    call.finish();
  }
}

async function callStream<I extends DescMessage, O extends DescMessage>(
  route: DirectRoute,
  call: DirectCall,
  method: DescMethodStreaming<I, O>,
  input: AsyncIterable<MessageInitShape<I>>,
): Promise<StreamResponse<I, O>> {
  const requests = requestStream(call, method.input, input);
  const finish = () => {
    call.finish();
    requests.stop();
  };
  const failed = (error: unknown) => {
    const failure = call.outgoing(error);
    finish();
    return failure;
  };
  const { message, header, trailer } = await openStream(route, call, requests).catch((error: unknown) => {
    throw failed(error);
  });
  const convert = (output: MessageShape<DescMessage>) => expectMessage(output, method.output);
  const responses = new MessageStream(call, message[Symbol.asyncIterator](), {
    convert,
    failed,
    ended: finish,
  });
  // A handler may set headers until its first message, so they are complete only then.
  await responses.peek();
  return { stream: true, service: method.parent, method, header, trailer, message: responses.readable() };
}

async function openStream<I extends DescMessage>(
  route: DirectRoute,
  call: DirectCall,
  requests: MessageStream<MessageInitShape<I>, MessageShape<I>>,
): Promise<StreamResponse> {
  if (call.failure !== undefined) throw call.failure;
  return call.race(invokeStream(route, call, requests.readable({ stoppable: true })));
}

function requestStream<I extends DescMessage>(
  call: DirectCall,
  desc: I,
  input: AsyncIterable<MessageInitShape<I>>,
): MessageStream<MessageInitShape<I>, MessageShape<I>> {
  return new MessageStream(call, input[Symbol.asyncIterator](), {
    convert: (message) => create(desc, message),
    ended: () => undefined,
    // A caller that cannot produce its next message has, in effect, hung up.
    failed(error) {
      call.cancel(ConnectError.from(error));
      return call.failure;
    },
  });
}

/** What the caller of a unary method gets. */
class DirectResponse<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<O>;
  readonly #response: UnaryResponse;

  constructor(method: DescMethodUnary<I, O>, response: UnaryResponse) {
    this.method = method;
    this.message = expectMessage(response.message, method.output);
    this.#response = response;
  }

  get service() {
    return this.method.parent;
  }

  get header() {
    return this.#response.header;
  }

  get trailer() {
    return this.#response.trailer;
  }
}

function expectMessage<Desc extends DescMessage>(message: unknown, desc: Desc): MessageShape<Desc> {
  if (isMessage(message, desc)) return message;
  throw new Error(`the handler did not answer with a ${desc.typeName}`);
}
