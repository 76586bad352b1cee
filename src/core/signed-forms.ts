// The signed form of a schema 1 manifest: what clients get. It is a blob of its own, which
// the manifest holds. Who pushes the manifest again with other signatures adds them to it.
import { blobKey } from "../metadata/keys.ts";
import type { ManifestRecord, SignedForm } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { joinSignatures, mergeSignatures, parseSignedDocument } from "../oci/jws.ts";
import type { Signature } from "../oci/jws-signature.ts";
import { MAX_MANIFEST_SIZE } from "../oci/manifest.ts";
import type { CoreContext } from "./context.ts";
import type { Release } from "./holds.ts";
import type { ManifestDocument } from "./manifest-document.ts";
import { exchangeHolders, type Place } from "./references.ts";
import { ensureBlobCard } from "./usage.ts";

/** Places signed forms for one push; what it places is kept from the collector until the push is over. */
export class SignedForms implements Disposable {
  readonly #context: CoreContext;
  readonly #releases: Release[] = [];
  readonly #placed: Digest[] = [];

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /**
   * What the manifest's card is to say, `before` being the card as it is, live or in the trash. The bytes are placed, and
   * their card is collected; what the manifest holds is changed when it has a card.
   */
  async place(
    transaction: Transaction,
    place: Place,
    { signed }: ManifestDocument,
    before: ManifestRecord | undefined,
  ): Promise<SignedForm | undefined> {
    const old = before?.signed;
    if (signed === undefined) return old;
    const kept = old === undefined ? undefined : await this.#read(transaction, old.digest);
    const content = kept === undefined ? signed.whole : merge(signed, kept);
    if (content === undefined && old !== undefined) return old;
    const form = await this.#put(transaction, content ?? signed.whole);
    if (before !== undefined) {
      const from = old === undefined ? [] : [old.digest];
      await exchangeHolders(this.#context, transaction, place, { from, to: [form.digest] });
    }
    return form;
  }

  /** What was placed, whether it came to be mentioned or not. */
  get placed(): readonly Digest[] {
    return this.#placed;
  }

  [Symbol.dispose](): void {
    for (const release of this.#releases) release();
  }

  /** The signatures that are stored. Undefined when they are gone, or not what they were. */
  async #read(transaction: Transaction, digest: Digest): Promise<readonly Signature[] | undefined> {
    const card = await transaction.get(blobKey(digest));
    if (card === undefined || card.damageTime !== undefined) return undefined;
    const content = await this.#context.blobs.get(digest);
    if (content === undefined) return undefined;
    try {
      return parseSignedDocument(content).signatures;
    } catch (error) {
      if (error instanceof RegistryError) return undefined;
      throw error;
    }
  }

  /** Bytes before cards, as with every blob. */
  async #put(transaction: Transaction, content: Uint8Array): Promise<SignedForm> {
    const { holds, blobs, now } = this.#context;
    const [digest, size] = [digestOf(content), content.length];
    this.#releases.push(await holds.share(digest));
    await blobs.put(digest, content);
    this.#placed.push(digest);
    await ensureBlobCard(transaction, digest, { size, createTime: now() });
    return { digest, size };
  }
}

/** The document with all signatures. Undefined when there is nothing new, or no room for it. */
function merge(
  { payload, signatures }: NonNullable<ManifestDocument["signed"]>,
  kept: readonly Signature[],
): Uint8Array | undefined {
  const merged = mergeSignatures(kept, signatures);
  if (merged.length === kept.length) return undefined;
  const content = joinSignatures({ payload, signatures: merged });
  return content.length > MAX_MANIFEST_SIZE ? undefined : content;
}
