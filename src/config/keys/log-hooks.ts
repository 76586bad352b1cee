// log.hooks: lines of the log that are sent by mail, in distribution's own form.
import { z } from "zod";
import { blot } from "../effective-tree.ts";
import { acts, FLAG, flag, text } from "../key.ts";
import { keyTable } from "../key-table.ts";
import { parseListenAddress } from "../listen-address.ts";
import { HOOK_LEVELS, type HookLevel, type MailHookConfig } from "../log-config.ts";
import { type ElementForm, elementsOf, showElements } from "../read-elements.ts";
import { oneOrMore, type Parse, parsedText } from "../text-schemas.ts";

const LEVELS = "panic, fatal, error, warn, info or debug";

const parseLevel: Parse<HookLevel> = (given) => {
  const word = given.toLowerCase();
  const level = HOOK_LEVELS.find((known) => known === (word === "warning" ? "warn" : word));
  return level === undefined
    ? { problem: `expected ${LEVELS}, found "${given.slice(0, 40)}"` }
    : { value: level };
};

const ADDRESS = /^(?:[^\p{Cc}<>@"]* <([^<>]+)>|([^<>]+))$/u;

const parseMailAddress: Parse<string> = (given) => {
  const [, inBrackets, plain] = ADDRESS.exec(given) ?? [];
  const address = inBrackets ?? plain ?? "";
  return /^[^\s\p{Cc}@,;"]+@[^\s\p{Cc}@,;"]+$/u.test(address)
    ? { value: given }
    : { problem: `"${given.slice(0, 80)}" is no mail address, such as registry@example.com` };
};

const parseServer: Parse<{ readonly host: string; readonly port: number }> = (given) => {
  const server = parseListenAddress(given);
  return server === undefined || server.host === "" || server.port === 0
    ? { problem: `"${given.slice(0, 80)}" is no HOST:PORT, such as mail.example.com:587` }
    : { value: server };
};

/** What may stand in an element of log.hooks. */
const LOG_HOOK = keyTable({
  type: acts({
    schema: z.literal("mail").optional(),
    type: "mail",
    meaning: "Required. There is only `mail`.",
  }),
  disabled: acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning: "Whether nothing is sent. Then nothing else but `type` is required.",
  }),
  levels: acts({
    schema: oneOrMore(parseLevel),
    type: `${LEVELS}, or a list of these`,
    below: "tree",
    meaning:
      "Required. The lines of which levels are sent: of these alone, not of what is worse too. `panic` is a crash, `fatal` what keeps the registry from starting. What `log.level` leaves out is not sent either.",
  }),
  "options.smtp.addr": acts({
    schema: parsedText(parseServer),
    type: "HOST:PORT of a mail server",
    verbatim: "all",
    meaning:
      "Required. The mail server. With port 465 the connection begins with TLS, with others it goes over to TLS (STARTTLS) when the server offers that.",
  }),
  "options.smtp.username": acts({
    schema: text.optional(),
    type: "text",
    verbatim: "all",
    meaning: "Who logs in. Absent: nobody does.",
  }),
  "options.smtp.password": acts({
    schema: text.optional(),
    type: "text",
    verbatim: "all",
    secret: true,
    show: blot,
    meaning: "The password. It is sent over TLS only, or to this machine, unless `insecure` says otherwise.",
  }),
  "options.smtp.insecure": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether a certificate of the mail server that nobody vouches for is accepted, and the password sent without TLS where the server has none.",
  }),
  "options.from": acts({
    schema: parsedText(parseMailAddress),
    type: "a mail address",
    verbatim: "all",
    meaning: "Required. Who the mails are from.",
  }),
  "options.to": acts({
    schema: oneOrMore(parseMailAddress),
    type: "a mail address, or a list of them",
    below: "tree",
    verbatim: "elements",
    meaning: "Required. Who gets them.",
  }),
});

type Entries = (typeof LOG_HOOK)["entries"];

const NEEDED: Readonly<Record<string, string>> = {
  levels: `which lines are sent? ${LEVELS}`,
  "options.smtp.addr": "which mail server takes the mails? HOST:PORT",
  "options.from": "who are the mails from?",
  "options.to": "who gets the mails?",
};

/** What is read of each: undefined for one that is disabled. */
type Hook = MailHookConfig | undefined;

const FORM: ElementForm<Entries, Hook> = {
  table: LOG_HOOK,
  expected: "a map with type, levels and options",
  required: { type: 'which kind of hook? There is only "mail"' },
  check: (values, given) => {
    if (values.disabled) return [];
    const missing = Object.entries(NEEDED)
      .filter(([member]) => !given.has(member))
      .map(([member, purpose]) => ({ path: member.split("."), message: `it is missing; ${purpose}` }));
    const hasUser = values["options.smtp.username"] !== undefined;
    const hasPassword = values["options.smtp.password"] !== undefined;
    if (hasUser === hasPassword) return missing;
    const lacking = hasUser ? "password" : "username";
    const message = `it is missing; whoever logs in has a username and a password`;
    return [...missing, { path: ["options", "smtp", lacking], message }];
  },
  build: (values) => {
    const server = values["options.smtp.addr"];
    const from = values["options.from"];
    if (values.disabled || server === undefined || from === undefined) return undefined;
    const username = values["options.smtp.username"];
    const password = values["options.smtp.password"];
    return {
      levels: [...new Set(values.levels)],
      smtp: {
        ...server,
        ...(username !== undefined && password !== undefined && { login: { username, password } }),
        insecure: values["options.smtp.insecure"],
      },
      from,
      to: values["options.to"],
    };
  },
};

export const logHookKeys = {
  "log.hooks": acts({
    schema: elementsOf(FORM).transform((hooks = []) => hooks.filter((hook) => hook !== undefined)),
    type: "a list of hooks",
    default: [],
    below: "tree",
    elements: LOG_HOOK,
    show: showElements(LOG_HOOK),
    meaning:
      "Lines that are sent by mail, at most one mail a minute for each hook; see [logging](logging.md#mail).",
  }),
} as const;
