// The cards of the catalogue: what each kind of record says. Sizes in bytes,
// times in milliseconds since 1970. Optional members are left out, never null.
import type { Digest, DigestAlgorithm } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";

/** A repository exists from its first blob or manifest on. */
export interface RepositoryRecord {
  readonly createTime: number;
}

/** The link by which one repository sees one blob. */
export interface LinkRecord {
  readonly size: number;
  readonly createTime: number;
  /** When somebody last asked for it while no manifest named it: so long it is kept for them. Absent: when it was made. */
  readonly leaseTime?: number;
}

/** A blob in the cellar, whoever links it. */
export interface BlobRecord {
  readonly size: number;
  readonly createTime: number;
  /** When its bytes were found to be wrong or gone. Until it is pushed again it is as if it were not here. */
  readonly damageTime?: number;
}

/** A manifest in a repository. Its bytes are under contentKey and in the cellar. */
export interface ManifestRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly createTime: number;
  /** When it was last pushed. Absent: never since createTime. */
  readonly pushTime?: number;
  /** Counts pushes, so that a push and a deletion at the same time see each other. */
  readonly revision: number;
  readonly subject?: Digest;
  readonly artifactType?: string;
  /** Its own size and those of the blobs it names and the repository must have, each once. Absent: they are not known, as when it cannot be read. */
  readonly contentSize?: number;
  /** Where it runs, "linux/amd64" or "linux/arm/v7": of an index its members', of an image its config's. Absent: not known, or none. */
  readonly platforms?: readonly string[];
  /** Docker's schema 1 only: what is served, the document with its signatures. The manifest's digest is that of the bytes without. */
  readonly signed?: SignedForm;
}

/** The form in which a signed manifest is served. */
export interface SignedForm {
  /** A blob of the cellar, held by the manifest as those it names. */
  readonly digest: Digest;
  readonly size: number;
}

/** A tag, with all that is needed to describe its manifest. */
export interface TagRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly updateTime: number;
  /** What pulling it moves: the manifest's `contentSize`, and those of an index's members. Absent: not known. */
  readonly totalSize?: number;
  /** Those of its manifest. */
  readonly platforms?: readonly string[];
  /** That of its manifest. */
  readonly artifactType?: string;
  /** The verified name of who set it last. Absent: nobody was asked for a name, or the registry did it by itself. */
  readonly actor?: string;
}

/** A manifest in the referrers index of its subject. */
export interface ReferrerRecord {
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An open upload session. */
export interface UploadRecord {
  readonly repository: RepositoryName;
  readonly algorithm: DigestAlgorithm;
  readonly createTime: number;
}

/** A session that became a blob, remembered so that asking again gives the same answer. */
export interface ClosedUploadRecord {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly size: number;
  readonly closeTime: number;
}

/** Describes content inside an event. */
export interface EventDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** A manifest inside an event: what it refers to, and of what kind it is, where it says so. */
export interface EventManifest {
  readonly descriptor: EventDescriptor;
  readonly subject?: Digest;
  readonly artifactType?: string;
}

/** What happened. The kinds are those of stowage.v1.Event, by their proto names. */
export type EventFact =
  | { readonly kind: "repository_created" }
  | { readonly kind: "repository_deleted" }
  | { readonly kind: "blob_pushed"; readonly descriptor: EventDescriptor; readonly uploadId: string }
  | {
      readonly kind: "blob_mounted";
      readonly descriptor: EventDescriptor;
      readonly fromRepository?: RepositoryName;
    }
  | { readonly kind: "blob_deleted"; readonly descriptor: EventDescriptor }
  | { readonly kind: "blob_collected"; readonly descriptor: EventDescriptor }
  | {
      readonly kind: "blob_damaged";
      readonly descriptor: EventDescriptor;
      /** The repositories that use it, at most MAX_EVENT_REFERENCES of them. */
      readonly repositories: readonly RepositoryName[];
    }
  | {
      readonly kind: "collection_finished";
      /** What was removed for good. */
      readonly manifests: number;
      readonly links: number;
      readonly blobs: number;
      /** What the blobs took. */
      readonly bytes: number;
    }
  | ({
      readonly kind: "manifest_pushed";
      readonly tags: readonly Tag[];
      /** What it names: blobs and manifests, in the document's order; at most MAX_EVENT_REFERENCES of them. */
      readonly references?: readonly EventDescriptor[];
      /** How many it names in all. Absent in events of before this was counted. */
      readonly referenceCount?: number;
      /** True: it came back from the trash. */
      readonly restored?: true;
    } & EventManifest)
  | ({
      readonly kind: "manifest_pulled";
      /** The tag it was asked for by. Absent: by digest. */
      readonly tag?: Tag;
      /** How many pulls of the same client this event stands for. Absent: one. */
      readonly count?: number;
    } & EventManifest)
  | ({ readonly kind: "manifest_deleted" } & EventManifest)
  | ({ readonly kind: "tag_created"; readonly tag: Tag } & Omit<EventManifest, "subject">)
  | ({
      readonly kind: "tag_moved";
      readonly tag: Tag;
      readonly previousDigest: Digest;
    } & Omit<EventManifest, "subject">)
  | ({ readonly kind: "tag_deleted"; readonly tag: Tag } & Omit<EventManifest, "subject">)
  | { readonly kind: "upload_cancelled"; readonly uploadId: string }
  | { readonly kind: "upload_expired"; readonly uploadId: string };

export type EventKind = EventFact["kind"];

/** The request that made something happen. Absent members were not known. */
export interface RequestRecord {
  readonly id: string;
  /** Where the client's connection came from, "address:port". */
  readonly address?: string;
  /** The host the client asked for, as it wrote it: "registry.example.com:5000". */
  readonly host?: string;
  readonly scheme?: "http" | "https";
  /** Where clients find the registry, when scheme and host do not tell: "https://registry.example.com/prefix". */
  readonly baseUrl?: string;
  /** The HTTP method, or the RPC's name. */
  readonly method: string;
  readonly userAgent?: string;
}

/** The process that wrote an event. */
export interface SourceRecord {
  /** Its host name and port. */
  readonly address: string;
  /** A new one with every start. */
  readonly instanceId: string;
}

/** One event as it lies in the log. Its place in the log is its key. */
export interface EventRecord {
  readonly id: string;
  readonly time: number;
  /** Absent: it concerns no repository in particular. */
  readonly repository?: RepositoryName;
  readonly fact: EventFact;
  /** Absent: the registry did it by itself, or it is an event of before this was recorded. */
  readonly request?: RequestRecord;
  /** The verified name of who asked. Absent: nobody was asked for a name. */
  readonly actor?: string;
  readonly source?: SourceRecord;
}

/** A named consumer of events. */
export interface ConsumerRecord {
  /** Everything up to this event has been dealt with. */
  readonly sequence: number;
  readonly createTime: number;
  /** When a cursor was last acknowledged. Absent: never. */
  readonly acknowledgeTime?: number;
  /** The principal that made it. Absent: made when nobody was asked. */
  readonly owner?: string;
}

/** What went wrong with a delivery that is still being tried. */
export interface WebhookFailure {
  /** How often in a row. */
  readonly attempts: number;
  /** When the first of these attempts was made. */
  readonly since: number;
  /** When the next one is due. */
  readonly nextAttemptTime: number;
  /** The last one's status; absent when there was no answer. */
  readonly status?: number;
  /** In words, without secrets. */
  readonly error: string;
}

/** How far a webhook has come. What it is lies in the configuration. */
export interface WebhookRecord {
  /** Everything up to this event was delivered, put aside, or not for it. */
  readonly sequence: number;
  readonly createTime: number;
  readonly paused: boolean;
  /** Events delivered, since the webhook was first seen. */
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failedAttempts: number;
  /** Events put aside. */
  readonly givenUp: number;
  /** Events that retention removed before they could be delivered. */
  readonly missed: number;
  /** Dead letters that made room for newer ones. Absent: none. */
  readonly dropped?: number;
  readonly lastSuccessTime?: number;
  /** Absent: the last attempt went well. */
  readonly failure?: WebhookFailure;
}

/** One attempt to deliver. */
export interface DeliveryRecord {
  /** The same for every attempt at the same events. */
  readonly id: string;
  readonly time: number;
  readonly durationMs: number;
  readonly isTest: boolean;
  /** From 1. */
  readonly attempt: number;
  /** The first and last event in it, by sequence. 0: a test. */
  readonly first: number;
  readonly last: number;
  readonly eventCount: number;
  /** Absent: there was no answer. */
  readonly status?: number;
  /** Why it failed, without secrets. Absent: it went well. */
  readonly error?: string;
}

/** The last attempts of a webhook, oldest first. */
export interface DeliveryLogRecord {
  readonly deliveries: readonly DeliveryRecord[];
}

/** An event that a webhook gave up on, kept with all that is needed to deliver it after all. */
export interface DeadLetterRecord {
  readonly sequence: number;
  readonly event: EventRecord;
  /** When it was given up. */
  readonly time: number;
  readonly attempts: number;
  readonly status?: number;
  readonly error: string;
}
