// Collects what routes() registers, for calls inside the process: which
// implementation answers which method, under which options. The options mean
// what they mean on the wire; those about bytes (limits, compression, JSON) have
// nothing to act on here.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type {
  ConnectRouter,
  ConnectRouterOptions,
  HandlerContext,
  Interceptor,
  MethodImplSpec,
  ServiceImpl,
} from "@connectrpc/connect";
import { Code, ConnectError, createMethodImplSpec, createServiceImplSpec } from "@connectrpc/connect";

/** The options of a router, a service or a method that a call inside the process obeys. */
export type DirectRouteOptions = Pick<
  ConnectRouterOptions,
  "interceptors" | "requestGate" | "shutdownSignal"
>;

/** One method that can be called. */
export interface DirectRoute<Spec extends MethodImplSpec = MethodImplSpec> {
  readonly spec: Spec;
  readonly url: string;
  /** Innermost first, the order in which they are wrapped around the implementation. */
  readonly interceptors: readonly Interceptor[];
  readonly requestGate: ((context: HandlerContext) => void | Promise<void>) | undefined;
  readonly shutdownSignal: AbortSignal | undefined;
}

/** A ConnectRouter that serves no protocol and only remembers the routes. */
export class DirectRouter implements ConnectRouter {
  /** Always empty: nothing here can be mounted on a server. */
  readonly handlers: ConnectRouter["handlers"] = [];
  readonly #options: DirectRouteOptions;
  readonly #routes = new Map<DescMethod, DirectRoute>();

  constructor(options: DirectRouteOptions) {
    this.#options = options;
  }

  readonly service = <Service extends DescService>(
    service: Service,
    implementation: Partial<ServiceImpl<Service>>,
    options?: DirectRouteOptions,
  ): this => {
    for (const spec of Object.values(createServiceImplSpec(service, implementation).methods)) {
      this.#add(spec, options);
    }
    return this;
  };

  readonly rpc = <Method extends DescMethod>(
    method: Method,
    implementation: Parameters<typeof createMethodImplSpec<Method>>[1],
    options?: DirectRouteOptions,
  ): this => {
    this.#add(createMethodImplSpec(method, implementation), options);
    return this;
  };

  /** The route of a method; throws the unimplemented error of the wire when there is none. */
  find(method: DescMethod): DirectRoute {
    const route = this.#routes.get(method);
    if (route !== undefined) return route;
    throw new ConnectError(`${method.parent.typeName}.${method.name} is not served`, Code.Unimplemented);
  }

  #add(spec: MethodImplSpec, options: DirectRouteOptions | undefined): void {
    const merged = { ...this.#options, ...options };
    this.#routes.set(spec.method, {
      spec,
      url: `https://in-process/${spec.method.parent.typeName}/${spec.method.name}`,
      interceptors: [...(merged.interceptors ?? [])].reverse(),
      requestGate: merged.requestGate,
      shutdownSignal: merged.shutdownSignal,
    });
  }
}
