// The health section: what is checked, how often, and how often it must fail to count.
import { z } from "zod";
import { byteSize, SIZE } from "../byte-size.ts";
import { blot } from "../effective-tree.ts";
import { HEADER_NAME, headerValues } from "../header.ts";
import type { FileCheckConfig, HttpCheckConfig, TcpCheckConfig } from "../health.ts";
import { acts, between, FLAG, flag, reject, TIMER, text, timer } from "../key.ts";
import { keyTable } from "../key-table.ts";
import { parseListenAddress } from "../listen-address.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import { parseWebhookUrl, showWebhookUrl } from "../webhook-url.ts";

/** Distribution takes 0 for 1. */
const threshold = acts({
  schema: z
    .int()
    .min(0)
    .transform((value) => Math.max(1, value)),
  type: "a whole number; 0 is as good as 1",
  default: 1,
  meaning: "The registry counts as unhealthy after so many failures in a row.",
});

const interval = acts({
  schema: timer,
  type: TIMER,
  default: "10s",
  meaning: "How long after one check the next begins.",
});

const timeout = acts({
  schema: timer,
  type: TIMER,
  default: "5s",
  meaning: "How long an answer may take.",
});

const FILE_CHECK = keyTable({
  file: acts({
    schema: text.pipe(z.string().min(1)).optional(),
    type: "the path of a file",
    verbatim: "all",
    meaning: "Required. The registry is unhealthy while there is such a file.",
  }),
  interval,
  threshold,
});

const HTTP_CHECK = keyTable({
  uri: acts({
    schema: z
      .string()
      .transform((value, context) => parseWebhookUrl(value) ?? reject(context))
      .optional(),
    type: "an http or https URL",
    verbatim: "all",
    secret: true,
    show: (given) => showWebhookUrl(String(given)),
    meaning:
      "Required. Asked with HEAD. A user and a password in it are sent as a Basic `Authorization` header; they and what is behind `?` are never shown.",
  }),
  headers: acts({
    schema: z.record(z.string().regex(HEADER_NAME), headerValues).default({}),
    type: "a map of header names to text or lists of text",
    below: "header",
    secret: true,
    show: blot,
    meaning: "Sent with each check.",
  }),
  statuscode: acts({
    // Distribution takes 0 for 200.
    schema: z.union([z.literal(0).transform(() => 200), between(200, 599)]),
    type: "an HTTP status code from 200 to 599",
    default: 200,
    meaning: "The status that is healthy; every other is not. Redirects are followed.",
  }),
  timeout,
  interval,
  threshold,
});

const TCP_CHECK = keyTable({
  addr: acts({
    schema: text
      .transform((value, context) => {
        const address = parseListenAddress(value);
        return address === undefined || address.host === "" || address.port === 0 ? reject(context) : address;
      })
      .optional(),
    type: "HOST:PORT",
    verbatim: "all",
    meaning: "Required. The registry is healthy while it can connect there.",
  }),
  timeout,
  interval,
  threshold,
});

const FILE_FORM: ElementForm<(typeof FILE_CHECK)["entries"], FileCheckConfig> = {
  table: FILE_CHECK,
  expected: "a map with file",
  required: { file: "which file is looked for?" },
  unique: { member: "file", nameOf: ({ file }) => file },
  build: ({ file = "", interval, threshold }) => ({ file, intervalMs: interval, threshold }),
};

const HTTP_FORM: ElementForm<(typeof HTTP_CHECK)["entries"], HttpCheckConfig> = {
  table: HTTP_CHECK,
  expected: "a map with uri",
  required: { uri: "who is asked?" },
  build: ({ uri, headers, statuscode, timeout, interval, threshold }) => ({
    url: uri?.url ?? "",
    headers: {
      ...(uri?.authorization !== undefined && { authorization: [uri.authorization] }),
      ...headers,
    },
    status: statuscode,
    timeoutMs: timeout,
    intervalMs: interval,
    threshold,
  }),
};

const TCP_FORM: ElementForm<(typeof TCP_CHECK)["entries"], TcpCheckConfig> = {
  table: TCP_CHECK,
  expected: "a map with addr",
  required: { addr: "where is it to connect?" },
  build: ({ addr, timeout, interval, threshold }) => ({
    host: addr?.host ?? "",
    port: addr?.port ?? 0,
    timeoutMs: timeout,
    intervalMs: interval,
    threshold,
  }),
};

const DEFAULT_MIN_FREE = "256MiB";

export const healthKeys = {
  "health.storagedriver.enabled": acts({
    schema: flag,
    type: FLAG,
    default: true,
    meaning:
      "Whether the data is checked: a file can be written and read, there is space, the catalogue answers and is nobody else's. Unlike in distribution, it is unless told otherwise.",
  }),
  "health.storagedriver.interval": interval,
  "health.storagedriver.threshold": threshold,
  "health.storagedriver.minfree": acts({
    schema: byteSize,
    type: SIZE,
    default: DEFAULT_MIN_FREE,
    meaning:
      "With less free space on the disk the registry is unready, before pushes fail. It is looked at every second; what was too little is enough again with a quarter more. Choose what can be written in a few seconds, and at least the largest layer.",
  }),
  "health.file": acts({
    schema: elementsOf(FILE_FORM),
    type: "a list of files",
    default: [],
    below: "tree",
    elements: FILE_CHECK,
    show: showElements(FILE_CHECK),
    meaning: "The registry is unhealthy while one of these files is there.",
  }),
  "health.http": acts({
    schema: elementsOf(HTTP_FORM),
    type: "a list of checks",
    default: [],
    below: "tree",
    elements: HTTP_CHECK,
    secret: true,
    show: showElements(HTTP_CHECK),
    meaning: "URLs that must answer as they should.",
  }),
  "health.tcp": acts({
    schema: elementsOf(TCP_FORM),
    type: "a list of checks",
    default: [],
    below: "tree",
    elements: TCP_CHECK,
    show: showElements(TCP_CHECK),
    meaning: "Ports that must let the registry connect.",
  }),
} as const;
