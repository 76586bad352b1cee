// A push over HTTP that makes a few events, and reading what a command says of them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

/** Pushes a blob of the given text, and a manifest of no layers under the tag. */
export async function push(url: string, repository: string, tag: string, text: string): Promise<void> {
  const config = {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: digestOf(text),
    size: text.length,
  };
  const upload = `${url}/v2/${repository}/blobs/uploads/?digest=${config.digest}`;
  assert.equal((await fetch(upload, { method: "POST", body: text })).status, 201);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = { schemaVersion: 2, mediaType, artifactType: "application/x-test", config, layers: [] };
  const headers = { "content-type": mediaType };
  const target = `${url}/v2/${repository}/manifests/${tag}`;
  const pushed = await fetch(target, { method: "PUT", headers, body: JSON.stringify(manifest) });
  assert.equal(pushed.status, 201, await pushed.text());
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** What a command printed as JSON, line by line. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
