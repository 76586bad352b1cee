// Runs a handler with the interceptors around it, for a call inside the process.
// Without interceptors the handler is called as it is; with them, they get the
// request and response objects they would get on the wire.

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type {
  HandlerContext,
  Interceptor,
  MethodImplSpec,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import type { DirectCall } from "./direct-call.ts";
import type { DirectRoute } from "./direct-router.ts";

type AnyFn = ReturnType<Interceptor>;
type UnarySpec = Extract<MethodImplSpec, { kind: "unary" }>;
type StreamSpec = Exclude<MethodImplSpec, { kind: "unary" }>;

/** Runs a unary call through to its answer. */
export async function invokeUnary(
  route: DirectRoute,
  call: DirectCall,
  message: MessageShape<DescMessage>,
): Promise<UnaryResponse> {
  const { spec } = route;
  if (spec.kind !== "unary") throw wrongKind(spec);
  if (route.requestGate !== undefined) await route.requestGate(call);
  if (route.interceptors.length === 0) {
    return new LazyResponse(spec, call, create(spec.method.output, await spec.impl(message, call)));
  }
  const next = intercept(route, async (request) => {
    if (request.stream) throw wrongKind(spec);
    const output = await spec.impl(request.message, contextOf(call, request));
    const message = create(spec.method.output, output);
    return { stream: false, method: spec.method, message, ...headersOf(call) };
  });
  const response = await next({ stream: false, message, method: spec.method, ...requestOf(call) });
  if (response.stream) throw wrongKind(spec);
  return response;
}

/** Starts a streaming call. The handler of a server stream runs when its first message is pulled. */
export async function invokeStream(
  route: DirectRoute,
  call: DirectCall,
  messages: AsyncIterable<MessageShape<DescMessage>>,
): Promise<StreamResponse> {
  const { spec } = route;
  if (spec.kind === "unary") throw wrongKind(spec);
  if (route.requestGate !== undefined) await route.requestGate(call);
  const next = intercept(route, async (request) => {
    if (!request.stream) throw wrongKind(spec);
    const output = await startStream(spec, request.message, contextOf(call, request));
    const message = createEach(spec.method.output, output);
    return { stream: true, method: spec.method, message, ...headersOf(call) };
  });
  const response = await next({ stream: true, message: messages, method: spec.method, ...requestOf(call) });
  if (!response.stream) throw wrongKind(spec);
  return response;
}

/** The answer of a call without interceptors: its headers exist once someone looks. */
class LazyResponse implements UnaryResponse {
  readonly stream = false;
  readonly method: UnarySpec["method"];
  readonly message: MessageShape<DescMessage>;
  readonly #call: DirectCall;

  constructor(spec: UnarySpec, call: DirectCall, message: MessageShape<DescMessage>) {
    this.method = spec.method;
    this.message = message;
    this.#call = call;
  }

  get service() {
    return this.method.parent;
  }

  get header() {
    return this.#call.responseHeader;
  }

  get trailer() {
    return this.#call.responseTrailer;
  }
}

function intercept(route: DirectRoute, handler: AnyFn): AnyFn {
  return route.interceptors.reduce((next, interceptor) => interceptor(next), handler);
}

function requestOf(call: DirectCall) {
  return {
    service: call.service,
    requestMethod: call.requestMethod,
    url: call.url,
    signal: call.quietSignal,
    header: call.requestHeader,
    contextValues: call.values,
  };
}

function headersOf(call: DirectCall) {
  return { service: call.service, header: call.responseHeader, trailer: call.responseTrailer };
}

/** The handler's view: the call, or what an interceptor put in its place. */
function contextOf(call: DirectCall, request: UnaryRequest | StreamRequest): HandlerContext {
  const unchanged =
    request.header === call.requestHeader &&
    request.signal === call.quietSignal &&
    request.contextValues === call.values;
  if (unchanged) return call;
  return {
    method: call.method,
    service: call.service,
    url: call.url,
    protocolName: call.protocolName,
    requestMethod: call.requestMethod,
    timeoutMs: call.timeoutMs,
    responseHeader: call.responseHeader,
    responseTrailer: call.responseTrailer,
    requestHeader: request.header,
    signal: request.signal === call.quietSignal ? call.signal : request.signal,
    values: request.contextValues,
  };
}

async function startStream(
  spec: StreamSpec,
  messages: AsyncIterable<MessageShape<DescMessage>>,
  context: HandlerContext,
): Promise<AsyncIterable<MessageInitShape<DescMessage>>> {
  switch (spec.kind) {
    case "server_streaming":
      return spec.impl(await onlyOne(messages), context);
    case "client_streaming":
      return once(await spec.impl(messages, context));
    case "bidi_streaming":
      return spec.impl(messages, context);
  }
}

/** A server stream's single request. */
async function onlyOne<T>(messages: AsyncIterable<T>): Promise<T> {
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new ConnectError("the request message is missing", Code.Unimplemented);
  const second = await iterator.next();
  if (second.done === true) return first.value;
  throw new ConnectError("a request message too many", Code.Unimplemented);
}

async function* once<T>(value: T): AsyncIterable<T> {
  yield value;
}

/** Message instances of the handler's output, instances passing through untouched. */
function createEach<Desc extends DescMessage>(
  desc: Desc,
  messages: AsyncIterable<MessageInitShape<Desc>>,
): AsyncIterable<MessageShape<Desc>> {
  return {
    [Symbol.asyncIterator]() {
      const source = messages[Symbol.asyncIterator]();
      const convert = (result: IteratorResult<MessageInitShape<Desc>>): IteratorResult<MessageShape<Desc>> =>
        result.done === true
          ? { done: true, value: undefined }
          : { done: false, value: create(desc, result.value) };
      return {
        next: () => source.next().then(convert),
        return: async () => {
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function wrongKind(spec: MethodImplSpec): Error {
  return new Error(
    `${spec.method.parent.typeName}.${spec.method.name} is not called as a ${spec.kind} method`,
  );
}
