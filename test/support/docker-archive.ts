// Packs images as `docker save` does, for `docker load` and `podman load`: the way into an engine that has no
// registry yet to pull from.
import { writeFile } from "node:fs/promises";
import { digestHex, digestOf } from "../../src/oci/digest.ts";
import type { BuiltImage } from "./image-layout.ts";
import { type TarEntry, tar } from "./tar.ts";

/** Writes an archive of one image under these names ("host/repository:tag"). */
export async function writeDockerArchive(
  path: string,
  image: BuiltImage,
  names: readonly string[],
): Promise<void> {
  const config = `${digestHex(image.config.digest)}.json`;
  const layers = image.layerTars.map((content) => ({ path: `${digestHex(digestOf(content))}.tar`, content }));
  const manifest = [{ Config: config, RepoTags: names, Layers: layers.map((layer) => layer.path) }];
  const entries: TarEntry[] = [
    ...layers,
    { path: config, content: image.configContent },
    { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
  ];
  await writeFile(path, tar(entries));
}
