// What a gateway elsewhere tells of its clients, as headers of its calls. Believed
// only when the gateway has proved to be one of those that the configuration names.

/** The gateway's own credentials, when Authorization holds its client's. The same forms. */
export const GATEWAY_AUTHORIZATION = "stowage-gateway-authorization";

/** What it tells, as JSON: ClientClaims. */
export const CLIENT_CLAIMS = "stowage-client";

/** The client's request as the gateway saw it. */
export interface ClientClaims {
  readonly id: string;
  readonly method: string;
  /** "address:port" */
  readonly address?: string;
  readonly host?: string;
  readonly scheme?: "http" | "https";
  readonly userAgent?: string;
  /** Where the client finds the gateway: "https://registry.example.com/prefix". */
  readonly baseUrl?: string;
}
