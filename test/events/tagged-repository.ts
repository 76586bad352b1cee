// A repository whose manifests all name the same blob, so that tests make many events quickly.
import { digestOf } from "../../src/oci/digest.ts";
import { imageManifest, MANIFEST_TYPE } from "../crash/made-up-image.ts";
import type { HttpCaller } from "../support/http-caller.ts";

export class TaggedRepository {
  readonly name: string;
  readonly #http: HttpCaller;
  readonly #content = Buffer.from("what all manifests name");
  readonly #pushed = new Set<string>();

  private constructor(http: HttpCaller, name: string) {
    this.#http = http;
    this.name = name;
  }

  /** Makes the repository: two events. */
  static async create(http: HttpCaller, name: string): Promise<TaggedRepository> {
    const repository = new TaggedRepository(http, name);
    const body = repository.#content;
    const path = `/v2/${name}/blobs/uploads/?digest=${digestOf(body)}`;
    await http.expect([201], { method: "POST", path, body });
    return repository;
  }

  /** The digests of all manifests that were ever pushed. */
  get pushed(): readonly string[] {
    return [...this.#pushed];
  }

  /** Pushes a manifest that was never seen and points the tag to it: two events. */
  async pushTag(tag: string): Promise<void> {
    const note = `push ${this.#pushed.size}`;
    const body = imageManifest({ config: this.#content, layers: [], note });
    this.#pushed.add(digestOf(body));
    const headers = { "content-type": MANIFEST_TYPE };
    await this.#http.expect([201], { method: "PUT", path: this.#path(tag), headers, body });
  }

  /** A tag or, with its tags, a manifest; it may be gone already. */
  async delete(reference: string): Promise<void> {
    await this.#http.expect([202, 404], { method: "DELETE", path: this.#path(reference) });
  }

  /** The digest of a tag or manifest; undefined when there is none. */
  async look(reference: string): Promise<string | undefined> {
    const answer = await this.#http.expect([200, 404], { method: "HEAD", path: this.#path(reference) });
    return answer.status === 200 ? String(answer.headers["docker-content-digest"]) : undefined;
  }

  async tags(): Promise<readonly string[]> {
    const path = `/v2/${this.name}/tags/list`;
    const { body } = await this.#http.expect([200], { method: "GET", path });
    const { tags }: { readonly tags: readonly string[] } = JSON.parse(body.toString());
    return tags;
  }

  #path(reference: string): string {
    return `/v2/${this.name}/manifests/${reference}`;
  }
}
