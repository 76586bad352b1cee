// Which proxies are tried with which configuration of Stowage.
import { freePort } from "../support/local-registry.ts";
import {
  CADDY,
  NGINX,
  NGINX_STREAM,
  type ProxyOptions,
  startCaddy,
  startNginx,
  startPassthroughNginx,
} from "./proxies-under-test.ts";

export interface Arrangement {
  readonly name: string;
  readonly needs: readonly string[];
  readonly config: string;
  /** Where the configuration's registry listens, as it says. */
  readonly address: string;
  /** True: the registry has the certificate. */
  readonly ownsCertificate: boolean;
  readonly start: (options: ProxyOptions) => Promise<Stoppable>;
}

/** What runs until it is stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

export const ARRANGEMENTS: readonly Arrangement[] = [
  {
    name: "nginx",
    needs: NGINX,
    config: "behind-proxy.yml",
    address: "127.0.0.1:5000",
    ownsCertificate: false,
    start: async (options) => startNginx({ ...options, plainPort: await freePort() }),
  },
  {
    name: "nginx with the PROXY protocol",
    needs: NGINX_STREAM,
    config: "behind-passthrough.yml",
    address: "127.0.0.1:5443",
    ownsCertificate: true,
    start: startPassthroughNginx,
  },
  {
    name: "Caddy",
    needs: CADDY,
    config: "behind-proxy.yml",
    address: "127.0.0.1:5000",
    ownsCertificate: false,
    start: startCaddy,
  },
];
