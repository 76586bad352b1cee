// Makes tags come, move and go, and says what an example should print of each.
import { digestOf } from "../../src/oci/digest.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import { HttpCaller } from "../support/http-caller.ts";

const REPOSITORY = "library/docs";

export class TagPusher implements Disposable {
  readonly #http: HttpCaller;
  readonly #content = Buffer.from("a layer and a configuration");
  /** The line of each tag that exists. */
  readonly #tags = new Map<string, string>();
  #pushes = 0;

  constructor(host: string) {
    this.#http = new HttpCaller(host);
  }

  /** Pushes something new to the tag; resolves to the line that a follower prints. */
  async push(tag: string): Promise<string> {
    if (this.#pushes === 0) await this.#pushBlob();
    const body = imageManifest({
      config: this.#content,
      layers: [this.#content],
      note: `push ${++this.#pushes}`,
    });
    const path = `/v2/${REPOSITORY}/manifests/${tag}`;
    const headers = { "content-type": MANIFEST_TYPE };
    await this.#http.expect([201], { method: "PUT", path, headers, body });
    const line = `${REPOSITORY}:${tag} ${digestOf(body)}`;
    this.#tags.set(tag, line);
    return line;
  }

  async pushAll(tags: readonly string[]): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const tag of tags) lines.push(await this.push(tag));
    return lines;
  }

  /** Deletes the tag; resolves to the line that a follower prints. */
  async delete(tag: string): Promise<string> {
    await this.#http.expect([202], { method: "DELETE", path: `/v2/${REPOSITORY}/manifests/${tag}` });
    this.#tags.delete(tag);
    return `${REPOSITORY}:${tag} gone`;
  }

  /** What exists, the lines that a follower prints of it: each tag, by name. */
  get existing(): readonly string[] {
    return [...this.#tags].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => line);
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  async #pushBlob(): Promise<void> {
    const path = `/v2/${REPOSITORY}/blobs/uploads/?digest=${digestOf(this.#content)}`;
    await this.#http.expect([201], { method: "POST", path, body: this.#content });
  }
}
