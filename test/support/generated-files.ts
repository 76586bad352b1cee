// Makes up files of which image layers can be packed: about half of each is noise and half is text, so that
// they compress as real ones do. The same seed makes the same files.
import { createCipheriv, createHash } from "node:crypto";
import type { TarEntry } from "./tar.ts";

const FILE_SIZE = 128 * 1024;

/** Noise of `size` bytes, the same for the same seed. */
export function noise(seed: string, size: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16));
  return cipher.update(Buffer.alloc(size));
}

/** Files of `bytes` in all below `directory`, with a symbolic link to the first. */
export function generatedFiles(directory: string, seed: string, bytes: number): TarEntry[] {
  const entries: TarEntry[] = [{ path: `${directory}/` }];
  for (let done = 0; done < bytes; done += FILE_SIZE) {
    const path = `${directory}/file-${done / FILE_SIZE}`;
    entries.push({ path, content: generatedFile(`${seed}/${path}`, Math.min(FILE_SIZE, bytes - done)) });
  }
  return [...entries, { path: `${directory}/first`, linkTarget: "file-0" }];
}

function generatedFile(seed: string, size: number): Buffer {
  const half = Math.floor(size / 2);
  return Buffer.concat([noise(seed, half), Buffer.alloc(size - half, `This is a line of ${seed}.\n`)]);
}
