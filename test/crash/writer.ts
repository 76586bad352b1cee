// A client that pushes, tags, mounts and deletes in a repository of its own, in random order, until its connection
// breaks. It writes down what it does in the ledger, and finishes its uploads after a restart.
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { type HttpCaller, LostConnection, Refused } from "../support/http-caller.ts";
import type { Random } from "../support/random.ts";
import {
  ABSENT,
  blobName,
  eventName,
  type Ledger,
  manifestName,
  PRESENT,
  splitName,
  tagName,
} from "./ledger.ts";
import { imageManifest, MANIFEST_TYPE } from "./made-up-image.ts";
import { UploadSession } from "./upload-session.ts";

/** What all writers of a test share. */
export interface Workshop {
  readonly http: HttpCaller;
  readonly ledger: Ledger;
  /** Contents that several writers push, so that they meet in one digest. */
  readonly contents: readonly Buffer[];
  /** Where all of them push tags; it has the blob `contents[0]`. */
  readonly sharedRepository: string;
}

const TAGS = 6;
const SHARED_TAGS = 4;

export class Writer {
  readonly repository: string;
  readonly #workshop: Workshop;
  readonly #random: Random;
  readonly #open: UploadSession[] = [];
  #manifests = 0;
  /** Uploads that were continued after a restart. */
  resumed = 0;
  /** Steps that the registry could not do at the time. */
  refused = 0;

  constructor(workshop: Workshop, repository: string, random: Random) {
    this.#workshop = workshop;
    this.repository = repository;
    this.#random = random;
  }

  /** Works until the signal aborts; a connection that breaks then is no failure, and neither is a refusal. */
  async work(signal: AbortSignal): Promise<void> {
    try {
      const left = this.#open.length;
      for (let done = 0; done < left && !signal.aborted; done++) await this.#try(() => this.#finishOldest());
      while (!signal.aborted) await this.#try(() => this.#next());
    } catch (error) {
      if (!(signal.aborted && error instanceof LostConnection)) throw error;
    }
  }

  async #try(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused++;
    }
  }

  #next(): Promise<unknown> {
    const steps = [
      () => this.#pushInOneRequest(),
      () => this.#pushInTwoRequests(),
      () => this.#pushInChunks(),
      () => this.#pushInChunks(),
      () => this.#mount(),
      () => this.#pushManifest(),
      () => this.#pushManifest(),
      () => this.#pushManifestByDigest(),
      () => this.#pushSharedTag(),
      () => this.#deleteSomething(),
      () => this.#cancel(),
    ];
    return this.#random.pick(steps)();
  }

  async #pushInOneRequest(): Promise<void> {
    const content = this.#content();
    const digest = this.#digestOf(content);
    await this.#change(this.#push(digest), {
      method: "POST",
      path: `/v2/${this.repository}/blobs/uploads/?digest=${digest}`,
      body: content,
    });
  }

  async #pushInTwoRequests(): Promise<void> {
    const session = await this.#createSession();
    await session.commitWithBody();
    this.#forget(session);
  }

  async #pushInChunks(): Promise<void> {
    const session = await this.#createSession();
    await session.sendChunks();
    await session.commit();
    this.#forget(session);
  }

  async #cancel(): Promise<void> {
    const session = await this.#createSession();
    await session.sendChunks();
    await session.cancel();
    this.#forget(session);
  }

  async #finishOldest(): Promise<void> {
    const session = this.#open.shift();
    if (session === undefined) return;
    this.#open.push(session); // if it cannot be finished now, others have their turn first
    if (await session.finishAfterRestart()) this.resumed++;
    this.#forget(session);
  }

  async #createSession(): Promise<UploadSession> {
    const content = this.#content();
    const digest = this.#digestOf(content);
    const session = await UploadSession.create({
      ...this.#workshop,
      repository: this.repository,
      content,
      digest,
      random: this.#random,
    });
    this.#open.push(session);
    return session;
  }

  #forget(session: UploadSession): void {
    this.#open.splice(this.#open.indexOf(session), 1);
  }

  async #mount(): Promise<void> {
    const { ledger } = this.#workshop;
    const here = this.repository;
    const candidates = this.#namesOf("blob").filter(
      ([, repository, digest]) => repository !== here && ledger.isCertain(blobName(here, digest), ABSENT),
    );
    if (candidates.length === 0) return;
    const [, from, digest] = this.#random.pick(candidates);
    const attempt = {
      effects: [{ name: blobName(here, digest), value: PRESENT }],
      events: [eventName("blobMounted", here, digest)],
    };
    await ledger.record(attempt, async () => {
      const path = `/v2/${here}/blobs/uploads/?mount=${digest}&from=${from}`;
      const { status } = await this.#workshop.http.expect([201, 202], { method: "POST", path });
      return status === 201; // 202: it is no longer there, push it yourself
    });
  }

  async #pushManifest(): Promise<void> {
    const content = this.#newManifest();
    const tag = `tag-${this.#random.integer(1, TAGS)}`;
    if (content === undefined) return;
    await this.#putManifest(content, tag, [tag]);
  }

  async #pushManifestByDigest(): Promise<void> {
    const content = this.#newManifest();
    if (content === undefined) return;
    const tags = [...new Set([1, 2].map(() => `tag-${this.#random.integer(1, TAGS)}`))];
    const query = tags.map((tag) => `tag=${tag}`).join("&");
    await this.#putManifest(content, `${digestOf(content)}?${query}`, tags);
  }

  async #putManifest(content: Buffer, reference: string, tags: readonly string[]): Promise<void> {
    const digest = digestOf(content);
    const effects = [
      { name: manifestName(this.repository, digest), value: PRESENT },
      ...tags.map((tag) => ({ name: tagName(this.repository, tag), value: digest })),
    ];
    const events = [
      eventName("manifestPushed", this.repository, digest),
      ...tags.map((tag) => eventName("tagSet", this.repository, `${tag}=${digest}`)),
    ];
    await this.#change(
      { effects, events },
      {
        method: "PUT",
        path: `/v2/${this.repository}/manifests/${reference}`,
        headers: { "content-type": MANIFEST_TYPE },
        body: content,
      },
    );
  }

  /** Others do the same at the same time: only the log can say what comes of it. */
  async #pushSharedTag(): Promise<void> {
    const { sharedRepository, contents } = this.#workshop;
    const content = imageManifest({ config: contents[0] ?? Buffer.alloc(0), layers: [], note: this.#note() });
    const digest = digestOf(content);
    const tag = `shared-${this.#random.integer(1, SHARED_TAGS)}`;
    const attempt = {
      effects: [{ name: manifestName(sharedRepository, digest), value: PRESENT }],
      events: [
        eventName("manifestPushed", sharedRepository, digest),
        eventName("tagSet", sharedRepository, `${tag}=${digest}`),
      ],
    };
    const path = `/v2/${sharedRepository}/manifests/${tag}`;
    await this.#change(attempt, {
      method: "PUT",
      path,
      headers: { "content-type": MANIFEST_TYPE },
      body: content,
    });
  }

  /** A tag, or now and then a blob or a manifest. */
  async #deleteSomething(): Promise<void> {
    const kind = this.#random.pick(["tag", "tag", "blob", "manifest"] as const);
    const candidates = this.#namesOf(kind).filter(([, repository]) => repository === this.repository);
    if (candidates.length === 0) return;
    const [, repository, subject] = this.#random.pick(candidates);
    // A tag that may or may not point to it would go with it, and nobody could say whether it did.
    if (kind === "manifest" && this.#mayBeTagged(subject)) return;
    const path = `/v2/${repository}/${kind === "blob" ? "blobs" : "manifests"}/${subject}`;
    const tags = kind === "manifest" ? this.#tagsOf(subject) : kind === "tag" ? [subject] : [];
    const gone = kind === "blob" ? blobName(repository, subject) : manifestName(repository, subject);
    const names = [...(kind === "tag" ? [] : [gone]), ...tags.map((tag) => tagName(repository, tag))];
    const events = [
      ...(kind === "tag" ? [] : [eventName(`${kind}Deleted`, repository, subject)]),
      ...tags.map((tag) => eventName("tagDeleted", repository, tag)),
    ];
    await this.#change(
      { effects: names.map((name) => ({ name, value: ABSENT })), events },
      { method: "DELETE", path },
    );
  }

  async #change(
    attempt: Parameters<Ledger["record"]>[0],
    call: Parameters<HttpCaller["call"]>[0],
  ): Promise<void> {
    const { ledger, http } = this.#workshop;
    await ledger.record(attempt, async () => {
      // A blob that a manifest needs is not deleted.
      const answer = await http.expect(call.method === "DELETE" ? [202, 409] : [201, 202], call);
      return answer.status !== 409;
    });
  }

  #push(digest: Digest): Parameters<Ledger["record"]>[0] {
    return {
      effects: [{ name: blobName(this.repository, digest), value: PRESENT }],
      events: [eventName("blobPushed", this.repository, digest)],
    };
  }

  /** Names whose value is certain and not absent. */
  #namesOf(kind: "blob" | "manifest" | "tag") {
    const { ledger } = this.#workshop;
    return ledger
      .names()
      .filter((name) => name.startsWith(`${kind} `) && ledger.possible(name).size === 1)
      .filter((name) => !ledger.isCertain(name, ABSENT))
      .map(splitName);
  }

  /** True when a push whose outcome nobody knows would have pointed a tag to the manifest. */
  #mayBeTagged(digest: string): boolean {
    const { ledger } = this.#workshop;
    return ledger
      .names()
      .filter((name) => name.startsWith(`tag ${this.repository} `))
      .map((name) => ledger.possible(name))
      .some((possible) => possible.size > 1 && possible.has(digest));
  }

  #tagsOf(digest: string): string[] {
    return this.#namesOf("tag")
      .filter(([, repository, tag]) => repository === this.repository && this.#pointsTo(tag, digest))
      .map(([, , tag]) => tag);
  }

  #pointsTo(tag: string, digest: string): boolean {
    return this.#workshop.ledger.isCertain(tagName(this.repository, tag), digest);
  }

  /** An image of blobs that this repository has, or undefined while it has none. */
  #newManifest(): Buffer | undefined {
    const digests = this.#namesOf("blob").flatMap(([, repository, digest]) =>
      repository === this.repository ? [digest] : [],
    );
    const blobs = this.#workshop.contents.filter((content) => digests.includes(digestOf(content)));
    const config = blobs.at(0);
    if (config === undefined) return undefined;
    return imageManifest({ config, layers: blobs.slice(0, this.#random.integer(0, 3)), note: this.#note() });
  }

  /** Makes each manifest a new one. */
  #note(): string {
    return `${this.repository} ${this.#manifests++}`;
  }

  #content(): Buffer {
    return this.#random.pick(this.#workshop.contents);
  }

  #digestOf(content: Buffer): Digest {
    return digestOf(content, this.#random.chance(0.1) ? "sha512" : "sha256");
  }
}
