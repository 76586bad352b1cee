// What may stand in an element of notifications.endpoints. Where and how events
// are delivered; which ones is in endpoint-choice.ts.
import { z } from "zod";
import { CONNECTION_HEADERS } from "../connection-headers.ts";
import { blot } from "../effective-tree.ts";
import { headersOf, headerValues } from "../header.ts";
import {
  acts,
  between,
  COUNT,
  count,
  DURATION,
  duration,
  FLAG,
  flag,
  reject,
  TIMER,
  text,
  timer,
} from "../key.ts";
import { keyTable } from "../key-table.ts";
import { parseSigningSecret, SIGNING_SECRET } from "../signing-secret.ts";
import { WEBHOOK_FORMATS } from "../webhook.ts";
import { parseWebhookUrl, showWebhookUrl } from "../webhook-url.ts";
import { choiceKeys } from "./endpoint-choice.ts";

/** Those that are ours to set, and those that belong to the connection. */
const OUR_HEADERS: ReadonlySet<string> = new Set([
  ...CONNECTION_HEADERS,
  "content-type",
  "host",
  "webhook-id",
  "webhook-signature",
  "webhook-timestamp",
]);

const headers = headersOf(headerValues, OUR_HEADERS);

const url = z.string().transform((value, context) => parseWebhookUrl(value) ?? reject(context));

const signingSecret = z.string().transform((value, context) => parseSigningSecret(value) ?? reject(context));

const path = z.string().transform((value, context) => {
  if (value.startsWith("whsec_")) return reject(context, "a secret itself belongs in signing.secrets");
  return value === "" ? reject(context) : value;
});

export const ENDPOINT = keyTable({
  name: acts({
    schema: text.pipe(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)).optional(),
    type: "1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first",
    verbatim: "all",
    // Name and URL are easily swapped.
    secret: true,
    meaning: "Required, and different from the others. What has been delivered is remembered under it.",
  }),
  disabled: acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning: "Whether nothing is delivered. Then nothing else is required.",
  }),
  url: acts({
    schema: url.optional(),
    type: "an http or https URL",
    verbatim: "all",
    secret: true,
    show: (given) => showWebhookUrl(String(given)),
    meaning:
      "Required. Where events are delivered to, by POST. A user and a password in it are sent as a Basic `Authorization` header, unless `headers` has one. They and what is behind `?` are never shown; the path is.",
  }),
  headers: acts({
    schema: headers.default({}),
    type: "a map of header names to text or lists of text",
    below: "header",
    secret: true,
    show: blot,
    meaning: "Sent with each delivery. Of two spellings of one name the later counts.",
  }),
  timeout: acts({
    schema: timer,
    type: TIMER,
    default: "1s",
    meaning: "How long a delivery may take until it is answered.",
  }),
  threshold: acts({
    schema: count,
    type: COUNT,
    default: 10,
    meaning:
      "After this many failures in a row the waits grow. Each of the first failures is followed by a wait of `backoff`.",
  }),
  backoff: acts({
    schema: timer,
    type: TIMER,
    default: "1s",
    meaning:
      "The wait before the next attempt, or up to half of it more. After `threshold` failures in a row it doubles with each, up to `maxbackoff`.",
  }),
  maxbackoff: acts({
    schema: timer.optional(),
    type: TIMER,
    meaning: "The longest wait. Absent: `5m`, or `backoff` where that is longer.",
  }),
  format: acts({
    schema: z.enum(WEBHOOK_FORMATS),
    type: "v2, v1 or cloudevents",
    default: "v2",
    meaning:
      "What is sent: distribution's envelope, as version 3 (`application/vnd.docker.distribution.events.v2+json`) or as version 2.8 names it (`…events.v1+json`), or CloudEvents.",
  }),
  batch: acts({
    schema: between(1, 1000),
    type: "a whole number from 1 to 1000",
    default: 1,
    meaning: "The most events in one delivery.",
  }),
  ...choiceKeys,
  "signing.secrets": acts({
    schema: z.array(signingSecret).default([]),
    type: `a list of secrets, each ${SIGNING_SECRET}`,
    below: "tree",
    verbatim: "elements",
    secret: true,
    show: blot,
    meaning:
      "Deliveries are signed with each of them, as Standard Webhooks describes. Up to 5 together with those in `secretfiles`; several, so that one can take the place of another.",
  }),
  "signing.secretfiles": acts({
    schema: z.array(path).default([]),
    type: "a list of paths",
    below: "tree",
    verbatim: "elements",
    secret: true,
    meaning: "Files that hold one secret each. They are read at the start.",
  }),
  "giveup.attempts": acts({
    schema: count.optional(),
    type: COUNT,
    meaning: "A delivery is given up after this many attempts. Absent: it never is for that reason.",
  }),
  "giveup.age": acts({
    schema: duration.refine((value) => value > 0).optional(),
    type: `${DURATION}, above 0`,
    meaning:
      "A delivery is given up when its first attempt failed this long ago. Absent: it never is for that reason.",
  }),
  "giveup.statuses": acts({
    schema: z.array(between(400, 599)).default([]),
    type: "a list of HTTP status codes from 400 to 599",
    below: "tree",
    meaning: "A delivery that is answered with one of these is given up at once.",
  }),
  deliveries: acts({
    schema: between(1, 1000),
    type: "a whole number from 1 to 1000",
    default: 50,
    meaning: "How many attempts are kept in the log of deliveries.",
  }),
});
