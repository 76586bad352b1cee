// The form in which a manifest of the tree is stored: as it is, but for Docker's
// schema 1, which clients want signed. Versions 2.0 to 2.4 of distribution kept the
// signatures beside the manifest; later ones sign with a key of their own whenever
// they serve it.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { PutManifest } from "../../core/manifests.ts";
import type { Digest } from "../../oci/digest.ts";
import { joinStoredSignatures, parseSignedDocument, verifySignatures } from "../../oci/jws.ts";
import { signPayload } from "../../oci/jws-sign.ts";
import { isSchema1, SCHEMA_1_SIGNED } from "../../oci/media-types.ts";
import { forEach } from "./for-each.ts";
import { blobData, linkOf, signaturesOf } from "./layout.ts";
import { digestsIn, type Report, readLink, reasonOf } from "./tree.ts";
import type { TreeManifest } from "./tree-manifests.ts";
import type { Repository } from "./tree-tags.ts";

/** How it is put. */
export type ServedForm = Pick<PutManifest, "content" | "mediaType" | "imported">;

/** How many signatures are read at once. */
const AT_ONCE = 16;

export class SignedFormReader {
  readonly #root: string;
  readonly #report: Report;
  #key: KeyObject | undefined;

  constructor(root: string, report: Report) {
    this.#root = root;
    this.#report = report;
  }

  async read(place: Repository, manifest: TreeManifest): Promise<ServedForm> {
    const { content, parsed } = manifest;
    if (!isSchema1(parsed.mediaType)) return { content, mediaType: "" };
    const document = await this.#join(place, manifest);
    if (document === undefined) return this.#sign(manifest);
    const isVerified = await verifySignatures(parseSignedDocument(document)).then(
      () => true,
      (error: unknown) => {
        this.#say(
          place,
          manifest,
          "problem",
          `a signature is wrong: ${reasonOf(error)}; it is kept as it is`,
        );
      },
    );
    const imported = isVerified === true ? "imported" : "unverified";
    return { content: document, mediaType: SCHEMA_1_SIGNED, imported };
  }

  /** The payload with the signatures that were kept. Undefined: none can be used. */
  async #join(place: Repository, manifest: TreeManifest): Promise<Uint8Array | undefined> {
    const signatures = await this.#readSignatures(place, manifest);
    if (signatures.length === 0) return undefined;
    try {
      return joinStoredSignatures(manifest.content, signatures);
    } catch (error) {
      this.#say(place, manifest, "problem", `the signatures cannot be used: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** As the old registry does: with a key that nobody knows. */
  #sign({ content, time }: TreeManifest): ServedForm {
    this.#key ??= generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const document = signPayload(content, this.#key, time);
    return { content: document, mediaType: SCHEMA_1_SIGNED, imported: "imported" };
  }

  async #readSignatures(place: Repository, manifest: TreeManifest): Promise<readonly Uint8Array[]> {
    const directory = signaturesOf(place.path, manifest.digest);
    const digests = (await digestsIn(directory, this.#report)).sort();
    const found = new Map<Digest, Uint8Array>();
    await forEach(digests, AT_ONCE, async (digest) => {
      const link = await readLink(linkOf(directory, digest));
      if (link.kind === "none") return;
      const reason = link.kind === "broken" ? link.reason : undefined;
      const content =
        link.kind === "digest"
          ? await readFile(blobData(this.#root, link.digest)).catch((error: unknown) => reasonOf(error))
          : undefined;
      if (content instanceof Uint8Array) found.set(digest, content);
      else this.#say(place, manifest, "problem", `signature ${digest} is missing: ${reason ?? content}`);
    });
    return digests.flatMap((digest) => found.get(digest) ?? []);
  }

  #say(
    { repository }: Repository,
    { digest, path }: TreeManifest,
    level: "problem" | "note",
    reason: string,
  ) {
    this.#report({ kind: "signature", level, path, reason, repository, digest });
  }
}
