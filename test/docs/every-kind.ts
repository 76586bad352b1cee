// Makes a registry write an event of each kind that can happen, over the HTTP API; deleting must be allowed.
import { digestOf } from "../../src/oci/digest.ts";
import { HttpCaller } from "../support/http-caller.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = { mediaType: "application/vnd.oci.image.config.v1+json", content: Buffer.from("{}") };
const LAYER = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", content: Buffer.from("a layer") };
/** No manifest needs it, so it may be deleted. */
const UNUSED = Buffer.from("unused");
const REPOSITORY = "library/alpine";
const FIRST = image("first");
const SBOM = artifact(FIRST);
const AGENT = { "user-agent": "story/1.0" };

/** Pushes, moves, mounts, pulls and cancels. */
export function makeAndPull(host: string): Promise<void> {
  return tell(host, (story) => story.makeAndPull());
}

/** Deletes what was made: only when the pull is written, which says what is known of the manifest then. */
export function deleteAgain(host: string): Promise<void> {
  return tell(host, (story) => story.deleteAgain());
}

async function tell(host: string, part: (story: Story) => Promise<void>): Promise<void> {
  const http = new HttpCaller(host);
  try {
    await part(new Story(http));
  } finally {
    http.close();
  }
}

interface Content {
  readonly mediaType: string;
  readonly content: Buffer;
}

class Story {
  readonly #http: HttpCaller;

  constructor(http: HttpCaller) {
    this.#http = http;
  }

  async makeAndPull(): Promise<void> {
    for (const content of [CONFIG.content, LAYER.content, UNUSED]) await this.#pushBlob(REPOSITORY, content);
    await this.#pushManifest(FIRST, "latest");
    await this.#pushManifest(image("second"), "latest");
    await this.#pushManifest(SBOM, "sbom");
    await this.#call(200, "GET", "manifests/sbom", { accept: MANIFEST_TYPE });
    await this.#mount("team/web");
    await this.#cancelUpload();
  }

  async deleteAgain(): Promise<void> {
    await this.#call(202, "DELETE", `manifests/${digestOf(FIRST)}`);
    await this.#call(202, "DELETE", `manifests/${digestOf(SBOM)}`);
    await this.#call(202, "DELETE", `blobs/${digestOf(UNUSED)}`);
  }

  async #pushBlob(repository: string, body: Buffer): Promise<void> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`;
    await this.#http.expect([201], { method: "POST", path, headers: AGENT, body });
  }

  async #pushManifest(body: Buffer, tag: string): Promise<void> {
    const path = `/v2/${REPOSITORY}/manifests/${tag}`;
    await this.#http.expect([201], {
      method: "PUT",
      path,
      headers: { "content-type": MANIFEST_TYPE, ...AGENT },
      body,
    });
  }

  async #mount(repository: string): Promise<void> {
    const query = `mount=${digestOf(LAYER.content)}&from=${REPOSITORY}`;
    await this.#http.expect([201], { method: "POST", path: `/v2/${repository}/blobs/uploads/?${query}` });
  }

  async #cancelUpload(): Promise<void> {
    const path = `/v2/${REPOSITORY}/blobs/uploads/`;
    const { headers } = await this.#http.expect([202], { method: "POST", path });
    const location = new URL(headers.location ?? "", `http://${this.#http.host}`);
    await this.#http.expect([204], { method: "DELETE", path: location.pathname + location.search });
  }

  async #call(status: number, method: string, path: string, headers: Record<string, string> = {}) {
    await this.#http.expect([status], {
      method,
      path: `/v2/${REPOSITORY}/${path}`,
      headers: { ...AGENT, ...headers },
    });
  }
}

function image(note: string): Buffer {
  return manifest({ layers: [descriptor(LAYER)], annotations: { note } });
}

/** Says something about its subject. */
function artifact(subject: Buffer): Buffer {
  return manifest({
    artifactType: "application/spdx+json",
    layers: [descriptor(LAYER)],
    subject: descriptor({ mediaType: MANIFEST_TYPE, content: subject }),
  });
}

function manifest(members: Readonly<Record<string, unknown>>): Buffer {
  const content = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: descriptor(CONFIG), ...members };
  return Buffer.from(JSON.stringify(content));
}

function descriptor({ mediaType, content }: Content) {
  return { mediaType, digest: digestOf(content), size: content.length };
}
