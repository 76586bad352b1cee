// How fast one core computes what a push cannot do without.
import { createHash } from "node:crypto";

const CHUNK = Buffer.alloc(256 * 1024, 7);

/** Megabytes (10^6 bytes) of sha256 a second, in this process. */
export function sha256Rate(milliseconds: number): number {
  const hash = createHash("sha256");
  const start = performance.now();
  let bytes = 0;
  while (performance.now() - start < milliseconds) {
    hash.update(CHUNK);
    bytes += CHUNK.length;
  }
  return bytes / 1e3 / (performance.now() - start);
}
