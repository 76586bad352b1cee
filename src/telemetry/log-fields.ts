// Every field that a line of the log can have, with what it says. What is not here
// cannot be logged where the compiler sees the names; docs/logging.md has them all.

/** On every line. */
export const LINE_FIELDS = {
  time: "When, in UTC. In the form of logstash it is called `@timestamp`.",
  level: "`panic`, `fatal`, `error`, `warn`, `info` or `debug`.",
  message: "What happened: a fixed text. In the form of text it is called `msg`.",
  instanceId: "Which process, as events name it too (`source.instanceID`). Not shown on a terminal.",
} as const;

/** On every line that is written while a request is worked for, as far as it is known. */
export const REQUEST_FIELDS = {
  requestId: "Which request: the `X-Request-Id` of its answer, and `request.id` of its events.",
  traceId: "Its trace, where it is sampled.",
  principal: "Who asks, after the credentials were found to be right.",
  repository: "The repository that it is about.",
  reference: "What the path names in it: a tag, a digest, the id of an upload.",
  digest: "The content that it is about.",
} as const;

/** On the lines of the access log, besides those of requests. */
export const ACCESS_FIELDS = {
  method: "GET, HEAD, PUT, … In lines about a failed RPC the RPC.",
  path: "The target of the request; of a file or a setting in other lines the file's path. Of a query only the parameters that the Docker API knows are shown; `…` stands for others.",
  status: "The status of the answer.",
  durationMs: "From the head of the request to the end of the answer, in milliseconds.",
  bytes:
    "Of the answer's body, as its head announces it; not there where it announces nothing, or was broken off (`aborted`). In lines about storage, of what was removed or read.",
  aborted: "`true`: the connection ended before the answer did.",
  handler: "Which endpoint of the Docker API: base, manifest, blob, blob_upload, …",
  rpc: "Which RPC, with its service.",
  code: "How an RPC failed that came over the network, in Connect's words: `not_found`, `permission_denied`, … With gRPC the status is 200 all the same.",
  client: "The client's address and port, as trusted proxies tell it.",
  userAgent: "What the client calls itself.",
  host: "What the client calls the registry.",
  protocol: "`1.1` or `2`.",
} as const;

/** On lines about this and that. */
export const OTHER_FIELDS = {
  err: "An error: `type`, `message`, `stack`, and `code` where it has one.",
  origin: "Of a crash: uncaughtException or unhandledRejection.",
  lines: "How many lines of the log were lost.",
  signal: "Which signal came: SIGHUP, SIGUSR1 or SIGUSR2.",
  hook: "Who gets the mails of a hook.",
  reason: "Why, in words.",
  url: "Where the registry listens, a webhook posts to, or what was asked for.",
  upstream: "The registry behind a gateway.",
  omitted: "How many lines alike were left out since the last one.",
  others: "How many more sockets are inherited.",
  folder: "A folder with data of distribution.",
  check: "Which health check.",
  delayMs: "How long requests are still taken before the server stops, in milliseconds.",
  drainMs: "How long running requests may take to finish, in milliseconds.",
  rules: "How many rules the policy has.",
  keys: "Settings that wait for a restart.",
  problems: "What is wrong in the configuration.",
  address: "Where a login came from.",
  provider: "The identity provider.",
  users: "Users of the htpasswd file.",
  count: "How many.",
  source: "Which metrics could not be read.",
  remedy: "A command that helps.",
  key: "The id of a signing key.",
  signTime: "From when on a key signs, in milliseconds since 1970.",
  webhook: "The webhook's name.",
  format: "What a webhook sends.",
  state: "How a webhook is: active, paused, …",
  signed: "Whether a webhook's deliveries are signed.",
  lag: "How many events a webhook has before it.",
  cursor: "A place in the event log.",
  attempts: "How often a delivery was tried.",
  error: "What was wrong with a delivery.",
  next: "When a delivery is tried again.",
  failures: "How many attempts, or checks, failed in a row.",
  failing_ms: "How long a webhook has been failing, in milliseconds.",
  pulls: "How many pulls were not recorded.",
  journal: "How far the journal knows the event log.",
  catalogue: "How far the catalogue knows it.",
  movedTo: "Where the journal lies that the catalogue does not know.",
  from: "The format of the catalogue before.",
  to: "The format of the catalogue now.",
  done: "How far an upgrade has come.",
  seconds: "How long it has taken.",
  kind: "What was removed: manifest, blob, tag, upload, …",
  tag: "The tag.",
  size: "In bytes.",
  action: "What a rule of retention does.",
  rule: "The rule's name.",
  id: "The id of an upload.",
  createTime: "When an upload began, in milliseconds since 1970.",
  lastActivityTime: "When it was last written to, in milliseconds since 1970.",
  removed: "`false`: it was only looked at.",
  examined: "How many were looked at.",
  purged: "How many uploads were ended.",
  manifests: "How many manifests.",
  links: "How many links of blobs to repositories.",
  blobs: "How many blobs.",
  tagChanges: "How many entries of histories of tags.",
  repositories: "How many repositories, or which.",
  tagsKept: "How many tags stay.",
  tagsDeleted: "How many tags went.",
  manifestsDeleted: "How many manifests went.",
  bytesFreed: "What will be freed on the disk, in bytes.",
  bytesLogical: "What went as if nothing were shared, in bytes.",
  emptied: "The repositories that are empty now.",
  damaged: "How many blobs are damaged.",
  repaired: "Whether a blob was put right.",
} as const;

export type FieldName =
  | keyof typeof LINE_FIELDS
  | keyof typeof REQUEST_FIELDS
  | keyof typeof ACCESS_FIELDS
  | keyof typeof OTHER_FIELDS;

type NamesIn<T> = T extends unknown ? keyof T : never;

/** Nothing more where all names are known; else what no value fits. Of names that only running finds out nothing is asked. */
export type Documented<T> = string extends keyof T
  ? unknown
  : [Exclude<NamesIn<T>, FieldName>] extends [never]
    ? unknown
    : { readonly "is no field of the log": Exclude<NamesIn<T>, FieldName> };
