// Short questions to a registry over HTTP, for tests that let other clients do the work and then look.

const ANY_MANIFEST = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** What to ask, and where: "http://host:port", repository, tag or digest. */
export interface ManifestName {
  readonly url: string;
  readonly repository: string;
  readonly reference: string;
}

/** The digest of a manifest; undefined when there is none. */
export async function manifestDigest(name: ManifestName): Promise<string | undefined> {
  const response = await askManifest(name, "HEAD");
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`HEAD ${response.url} answered ${response.status}`);
  return response.headers.get("docker-content-digest") ?? undefined;
}

/** The media type a manifest is served with. */
export async function manifestMediaType(name: ManifestName): Promise<string | undefined> {
  const response = await askManifest(name, "HEAD");
  return response.headers.get("content-type") ?? undefined;
}

/** The tags of a repository, sorted. */
export async function tagsOf(url: string, repository: string): Promise<string[]> {
  const response = await fetch(`${url}/v2/${repository}/tags/list`);
  const body = (await response.json()) as { readonly tags: readonly string[] };
  return body.tags.toSorted();
}

/** The answer to a request for a manifest. */
export async function getManifest(name: ManifestName): Promise<Response> {
  return askManifest(name, "GET");
}

async function askManifest(name: ManifestName, method: string): Promise<Response> {
  const address = `${name.url}/v2/${name.repository}/manifests/${name.reference}`;
  return fetch(address, { method, headers: { accept: ANY_MANIFEST } });
}

/** Stores a manifest, for what no client can be made to do; returns the headers of the answer. */
export async function putManifest(
  name: ManifestName,
  mediaType: string,
  content: Uint8Array<ArrayBuffer>,
): Promise<Headers> {
  const address = `${name.url}/v2/${name.repository}/manifests/${name.reference}`;
  const response = await fetch(address, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: content,
  });
  if (response.status !== 201)
    throw new Error(`PUT ${address} answered ${response.status}: ${await response.text()}`);
  return response.headers;
}
