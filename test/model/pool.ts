// What the model's clients push: a few layers, and manifests of every shape over them, always the same ones. Whoever
// draws from so small a pool soon has everything shared by everything.

import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";

/** A manifest, with what it names. */
export interface Document {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
  /** Config and layers, which the repository must have. */
  readonly blobs: readonly Digest[];
  /** Layers that it need not have. */
  readonly foreign: readonly Digest[];
  readonly members: readonly Digest[];
  readonly subject?: Digest;
}

interface Described {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

interface Shape {
  readonly layers?: readonly number[];
  readonly foreign?: readonly number[];
  readonly subject?: Document;
}

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

export class Pool {
  readonly blobs = new Map<Digest, Buffer>();
  readonly documents = new Map<Digest, Document>();
  /** What can be attached to others by a tag's name, as signatures are. */
  readonly attachable: Digest[] = [];
  /** By digest: what to call it. */
  readonly #names = new Map<Digest, string>();
  readonly #layers: Described[];

  constructor() {
    this.#layers = Array.from({ length: 8 }, (_, number) => this.#blob(LAYER, `layer ${number}`));
    const images = Array.from({ length: 8 }, (_, number) =>
      this.#image(`image ${number}`, { layers: [number % 8, (number * 3 + 1) % 8] }),
    );
    const [first, second, third, fourth, fifth] = images as [
      Document,
      Document,
      Document,
      Document,
      Document,
    ];
    this.#image("twice the same layer", { layers: [2, 2] });
    this.#image("with a foreign layer", { layers: [3], foreign: [5] });
    const platforms = this.#index("platforms", [first, second]);
    const others = this.#index("others", [second, third]);
    this.#index("of indexes", [platforms, fourth]);
    this.#index("all", [others, platforms, fifth]);
    const bill = this.#image("bill of materials", { layers: [6], subject: first });
    const note = this.#image("note on a bill", { layers: [7], subject: bill });
    const proof = this.#image("proof of an index", { layers: [1], subject: platforms });
    this.#image("of a member", { layers: [6], subject: second });
    this.#image("of nothing known", { layers: [0], subject: note });
    const signatures = [0, 4, 6].map((layer) => this.#image(`signature ${layer}`, { layers: [layer] }));
    const fallback = this.#index("fallback of referrers", [bill, proof]);
    this.attachable.push(...signatures.map(({ digest }) => digest), fallback.digest, bill.digest);
  }

  /** All that a manifest keeps, each once. Nothing that is not a manifest keeps anything. */
  namedBy(digest: string): readonly Digest[] {
    const document = this.documents.get(digest as Digest);
    if (document === undefined) return [];
    return [...new Set([...document.blobs, ...document.foreign, ...document.members])];
  }

  document(digest: string): Document {
    const document = this.documents.get(digest as Digest);
    if (document === undefined) throw new Error(`no manifest of the pool has the digest ${digest}`);
    return document;
  }

  /** The text with names in place of digests. */
  legible(text: string): string {
    let legible = text;
    for (const [digest, name] of this.#names)
      legible = legible.replaceAll(digest, `<${name}>`).replaceAll(digest.replace(":", "-"), `<-${name}>`);
    return legible;
  }

  #blob(mediaType: string, name: string, content = name): Described {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.#names.set(digest, name);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  #image(name: string, { layers = [], foreign = [], subject }: Shape): Document {
    const runs = name.startsWith("image") ? { os: "linux", architecture: "amd64" } : {};
    const config = this.#blob(CONFIG, `config of ${name}`, JSON.stringify({ ...runs, name }));
    const own = layers.flatMap((number) => this.#layers[number] ?? []);
    const elsewhere = foreign.flatMap((number) => this.#layers[number] ?? []);
    const document = {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      config,
      layers: [...own, ...elsewhere.map((layer) => ({ ...layer, mediaType: FOREIGN }))],
      ...(subject !== undefined && { subject: descriptorOf(subject) }),
    };
    return this.#document(name, document, {
      blobs: [config, ...own],
      foreign: elsewhere,
      members: [],
      subject,
    });
  }

  #index(name: string, members: readonly Document[]): Document {
    const platform = { os: "linux", architecture: "arm", variant: "v7" };
    const manifests = members.map((member, place) => ({
      ...descriptorOf(member),
      ...(place > 0 && { platform }),
    }));
    const document = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests, annotations: { name } };
    return this.#document(name, document, { blobs: [], foreign: [], members: manifests, subject: undefined });
  }

  #document(
    name: string,
    json: { readonly mediaType: string },
    named: Record<"blobs" | "foreign" | "members", readonly Described[]> & { subject: Document | undefined },
  ): Document {
    const content = Buffer.from(JSON.stringify(json));
    const digests = (described: readonly Described[]) => described.map(({ digest }) => digest);
    const document: Document = {
      digest: digestOf(content),
      mediaType: json.mediaType,
      content,
      blobs: digests(named.blobs),
      foreign: digests(named.foreign),
      members: digests(named.members),
      ...(named.subject !== undefined && { subject: named.subject.digest }),
    };
    this.documents.set(document.digest, document);
    this.#names.set(document.digest, name);
    return document;
  }
}

function descriptorOf({ mediaType, digest, content }: Document): Described {
  return { mediaType, digest, size: content.length };
}
