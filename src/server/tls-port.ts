// TLS on connections that somebody else accepted: the handshake, what ALPN chose, and
// whom a client certificate proves. New files are taken without dropping anybody.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { ClientCertificate } from "../auth/credentials.ts";
import type { ClientAuth, TlsConfig } from "../config/config.ts";
import { clientCertificateOf } from "./client-certificate.ts";
import { readTlsFiles, tlsFilesState } from "./tls-files.ts";

export interface TlsPortOptions {
  readonly config: TlsConfig;
  /** How often the files are looked at, in milliseconds. */
  readonly checkMs: number;
  readonly report: (error: unknown, message: string) => void;
}

/** Called when the handshake has succeeded. `certificate`: absent when the client proved none. */
export type Secured = (socket: TLSSocket, certificate: ClientCertificate | undefined) => void;

export class TlsPort {
  readonly #server: Server;
  readonly #options: TlsPortOptions;
  readonly #timer: NodeJS.Timeout;
  /** The server does not say which connection has become which; what runs in consequence of a handshake does. */
  readonly #handshake = new AsyncLocalStorage<Secured>();
  #state: string;

  private constructor(server: Server, state: string, options: TlsPortOptions) {
    this.#server = server;
    this.#options = options;
    this.#state = state;
    server.on("secureConnection", (socket) => this.#secured(socket));
    // A handshake that fails is the client's affair.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#timer = setInterval(() => void this.reload(), options.checkMs).unref();
  }

  /** Rejects, with the file and the reason, when it cannot start with these files. */
  static async open(options: TlsPortOptions): Promise<TlsPort> {
    const { config, report } = options;
    const state = await tlsFilesState(config);
    const { context, warnings } = await readTlsFiles(config);
    for (const warning of warnings) report(new Error(warning), "the certificate is of no use");
    const asks = config.clientCas.length > 0;
    const server = createServer({
      ...context,
      ALPNProtocols: ["h2", "http/1.1"],
      requestCert: asks,
      rejectUnauthorized: asks && config.clientAuth === "require-and-verify-client-cert",
    });
    return new TlsPort(server, state, options);
  }

  /** Nobody is told of a handshake that fails; the connection closes then. Whoever calls limits its time. */
  accept(socket: Socket, secured: Secured): void {
    this.#handshake.run(secured, () => this.#server.emit("connection", socket));
  }

  /** Takes the files anew when they have changed. Files that cannot be used change nothing and are reported once. */
  async reload(): Promise<void> {
    const { config, report } = this.#options;
    const state = await tlsFilesState(config);
    if (state === this.#state) return;
    this.#state = state;
    try {
      const { context, warnings } = await readTlsFiles(config);
      this.#server.setSecureContext(context);
      for (const warning of warnings) report(new Error(warning), "the certificate is of no use");
    } catch (error) {
      report(error, "the changed certificate cannot be used; the one before it stays");
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #secured(socket: TLSSocket): void {
    const secured = this.#handshake.getStore();
    const { clientAuth, clientCas } = this.#options.config;
    const shown = clientCas.length > 0 ? socket.getPeerX509Certificate() : undefined;
    const isWelcome = clientCas.length === 0 || suffices(clientAuth, shown !== undefined, socket.authorized);
    if (secured === undefined || !isWelcome) socket.destroy();
    else secured(socket, shown && verifies(clientAuth) ? clientCertificateOf(shown) : undefined);
  }
}

/** Whether what a client has shown lets it go on, as Go's crypto/tls means it. */
function suffices(clientAuth: ClientAuth, isShown: boolean, isVerified: boolean): boolean {
  switch (clientAuth) {
    case "require-and-verify-client-cert":
      return isShown && isVerified;
    case "verify-client-cert-if-given":
      return !isShown || isVerified;
    case "require-any-client-cert":
      return isShown;
    case "request-client-cert":
      return true;
  }
}

/** A certificate that nobody has verified is no identity. */
function verifies(clientAuth: ClientAuth): boolean {
  return clientAuth === "require-and-verify-client-cert" || clientAuth === "verify-client-cert-if-given";
}
