// Where answers point to. Relative unless the gateway was told what stands before its
// paths: whatever is between client and gateway, the client knows its own way here.
import type { Exchange } from "./exchange.ts";

/** A path of the API as the client of this exchange reaches it. */
export function locationOf({ base, request }: Exchange, path: string): string {
  return base(request) + path;
}

export function blobLocation(exchange: Exchange, digest: string): string {
  return locationOf(exchange, `/v2/${exchange.repository}/blobs/${digest}`);
}

export function manifestLocation(exchange: Exchange, digest: string): string {
  return locationOf(exchange, `/v2/${exchange.repository}/manifests/${digest}`);
}

export function uploadLocation(exchange: Exchange, uploadId: string): string {
  return locationOf(exchange, `/v2/${exchange.repository}/blobs/uploads/${uploadId}`);
}
