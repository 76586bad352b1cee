// The auth section: who may come in. Several kinds may stand side by side; which
// ones is checked in auth-rules.ts. Token servers, identity providers and the
// policy have files of their own.
import { z } from "zod";
import { CERTIFICATE_IDENTITIES, DEFAULT_REALM } from "../access.ts";
import { parseName, parsePrincipalGlob } from "../access-words.ts";
import { acts, DURATION, duration, FILE, FLAG, filePath, flag, reject, text } from "../key.ts";
import { isRawMap } from "../raw-tree.ts";
import { listOf } from "../text-schemas.ts";
import { oidcKeys } from "./oidc.ts";
import { policyKeys } from "./policy.ts";
import { tokenKeys } from "./token.ts";

const MINUTE_MS = 60_000;

const HOUR_MS = 60 * MINUTE_MS;

/** Stands in a header. */
const visible = text.pipe(z.string().regex(/^[\x20-\x7e]{1,128}$/));

const VISIBLE = "up to 128 visible ASCII characters";

const none = z.unknown().transform((given, context) => {
  if (given === undefined) return false;
  const isBare = given === null || given === true || (isRawMap(given) && Object.keys(given).length === 0);
  return isBare || reject(context);
});

const realm = (whose: string) =>
  acts({
    schema: visible,
    type: VISIBLE,
    default: DEFAULT_REALM,
    verbatim: "all",
    meaning: `The name that ${whose} are asked for in.`,
  });

const period = (min: number, max: number) => duration.refine((value) => value >= min && value <= max);

export const authKeys = {
  "auth.none": acts({
    schema: none,
    type: "nothing, or {}",
    below: "tree",
    bare: true,
    meaning:
      "Says in so many words that everybody who reaches the registry may read and write, on addresses that other machines can reach, too. Stands alone.",
  }),
  "auth.silly.realm": acts({
    schema: visible,
    type: VISIBLE,
    default: DEFAULT_REALM,
    verbatim: "all",
    meaning:
      "For tests: whoever sends an `Authorization` header, whatever is in it, may do everything. Only on addresses that other machines cannot reach. Stands alone.",
  }),
  "auth.silly.service": acts({
    schema: visible,
    type: VISIBLE,
    default: "stowage",
    verbatim: "all",
    meaning: "The service that its challenge names.",
  }),
  "auth.htpasswd.path": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning:
      "Users and passwords as `htpasswd -B` (bcrypt) writes them. Read again when it changes. The file must be there; none is invented.",
  }),
  "auth.htpasswd.realm": realm("user and password"),
  "auth.users.path": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning:
      "Users with groups, and robots with scopes, in YAML; passwords as argon2id or bcrypt. Read again when it changes.",
  }),
  "auth.users.realm": realm("user and password"),
  ...tokenKeys,
  "auth.issuer.enabled": acts({
    schema: flag.optional(),
    type: FLAG,
    meaning:
      "Whether there is a token endpoint, `/auth/token`. Absent: yes where there are `users`, `oidc` or a `policy` and no `token`; for `htpasswd` alone clients send the password each time, as with distribution.",
  }),
  "auth.issuer.service": acts({
    schema: visible,
    type: VISIBLE,
    default: "stowage",
    verbatim: "all",
    meaning: "What clients ask tokens for, and the audience of these.",
  }),
  "auth.issuer.issuer": acts({
    schema: visible,
    type: VISIBLE,
    default: "stowage",
    verbatim: "all",
    meaning: "Who made the tokens, as they say it.",
  }),
  "auth.issuer.lifetime": acts({
    schema: period(MINUTE_MS, HOUR_MS),
    type: `${DURATION}, from 1m to 1h`,
    default: "5m",
    meaning: "How long a token is good. Who is removed from the files is out at once.",
  }),
  "auth.issuer.refreshlifetime": acts({
    schema: period(HOUR_MS, 8760 * HOUR_MS),
    type: `${DURATION}, from 1h to 8760h`,
    default: "720h",
    meaning: "How long a refresh token is good, with which clients get new tokens without the password.",
  }),
  "auth.issuer.rotation": acts({
    schema: period(HOUR_MS, 8760 * HOUR_MS),
    type: `${DURATION}, from 1h to 8760h`,
    default: "720h",
    meaning: "How long a key signs tokens. The next is published before it signs.",
  }),
  "auth.accesstokens.maxlifetime": acts({
    schema: duration.refine((value) => value > 0).optional(),
    type: `${DURATION}, above 0`,
    meaning: "The longest life that an access token may be given. Absent: any, without end too.",
  }),
  ...oidcKeys,
  "auth.certificates.identity": acts({
    schema: z.enum(CERTIFICATE_IDENTITIES),
    type: CERTIFICATE_IDENTITIES.join(", "),
    default: "cn",
    meaning:
      "Client certificates that `http.tls.clientcas` verify are an identity, `cert:NAME`, and this of a certificate is the name: the whole subject, its common name, or the first DNS name, e-mail address or URI among its alternative names. `certificates: {}` chooses it.",
  }),
  "auth.certificates.groups": acts({
    schema: listOf(parseName),
    type: "a list of names",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning: "The groups of all that come with a certificate.",
  }),
  "auth.gateways": acts({
    schema: listOf(parsePrincipalGlob),
    type: "a list of user:NAME, robot:NAME, cert:NAME, oidc:PROVIDER:SUBJECT",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning:
      "Gateways of their own (`stowage gateway`) that log in as one of these are believed what they tell of their clients. Names may be globs.",
  }),
  ...policyKeys,
} as const;
