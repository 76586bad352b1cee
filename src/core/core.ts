// The study: all rules of the registry, made of one context.

import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { Blobs } from "./blobs.ts";
import { Consumers } from "./consumers.ts";
import type { CoreContext } from "./context.ts";
import { EventLog } from "./events.ts";
import type { ListPage } from "./listing/place.ts";
import {
  type ListedRepository,
  listRepositories,
  listRepositoryNames,
  type RepositoryListRequest,
} from "./listing/repositories.ts";
import { type ListedTag, listTags, type TagListRequest } from "./listing/tags.ts";
import { reportUsage, type UsageOptions, type UsageReport, type UsageScope } from "./listing/usage.ts";
import { Manifests } from "./manifests.ts";
import type { Page, PageRequest } from "./page.ts";
import { listReferrers, type Referrer } from "./referrers.ts";
import { TagHistory } from "./tag-history.ts";
import { Tags } from "./tags.ts";
import { Trash } from "./trash.ts";
import { Uploads } from "./uploads.ts";

export interface Lists {
  /** Throws NAME_UNKNOWN. */
  readonly tags: (request: TagListRequest) => Promise<ListPage<ListedTag>>;
  readonly repositories: (request: RepositoryListRequest) => Promise<ListPage<ListedRepository>>;
  /** What is there, and what may be. Throws NAME_UNKNOWN. */
  readonly usage: (scope: UsageScope, options: UsageOptions) => Promise<UsageReport>;
}

export interface Core {
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly tagHistory: TagHistory;
  readonly trash: Trash;
  readonly events: EventLog;
  readonly consumers: Consumers;
  /** Lists in several orders, and with details. */
  readonly lists: Lists;
  /** The names alone, in their order. Absent choice: all of them. */
  readonly listRepositories: (
    request: PageRequest,
    choice?: RepositoryListRequest["choice"],
  ) => Promise<Page<RepositoryName>>;
  readonly listReferrers: (
    repository: RepositoryName,
    subject: Digest,
    request: PageRequest & { readonly artifactType?: string },
  ) => Promise<Page<Referrer>>;
}

export function createCore(context: CoreContext): Core {
  const { metadata, now } = context;
  const events = new EventLog(metadata);
  return {
    blobs: new Blobs(context),
    uploads: new Uploads(context),
    manifests: new Manifests(context),
    tags: new Tags(context),
    tagHistory: new TagHistory(context),
    trash: new Trash(context),
    events,
    consumers: new Consumers({ metadata, events, now }),
    lists: {
      tags: (request) => listTags(context, request),
      repositories: (request) => listRepositories(context, request),
      usage: (scope, options) => reportUsage(context, scope, options),
    },
    listRepositories: (request, choice) => listRepositoryNames(context, request, choice),
    listReferrers: (repository, subject, request) => listReferrers(context, repository, subject, request),
  };
}
