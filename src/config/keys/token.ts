// Tokens of a token server elsewhere: auth.token, as in distribution.
import { z } from "zod";
import { acts, FILE, FLAG, filePath, flag, reject, text } from "../key.ts";
import { suggest } from "../nearest.ts";
import { parsePublicUrl } from "../public-url.ts";
import { parsedText } from "../text-schemas.ts";

const DEFAULT_ALGORITHMS = [
  "EdDSA",
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
] as const;

/** With these who can check a token can make one. */
const SYMMETRIC = ["HS256", "HS384", "HS512"] as const;

const ALGORITHMS: readonly string[] = [...DEFAULT_ALGORITHMS, ...SYMMETRIC];

const algorithm = z.string().transform((name, context) => {
  if (ALGORITHMS.includes(name)) return name;
  if (name.toLowerCase() === "none") return reject(context, "a token without a signature proves nothing");
  return reject(context, suggest(name, ALGORITHMS, " "));
});

const words = text.pipe(z.string().regex(/^[\x20-\x7e]+$/)).optional();

const WORDS = "text of visible ASCII characters";

export const tokenKeys = {
  "auth.token.realm": acts({
    schema: parsedText((given) => parsePublicUrl(given)),
    type: "an http or https URL",
    verbatim: "all",
    secret: true,
    meaning: "Where clients get their tokens. Needed unless `autoredirect` is true.",
  }),
  "auth.token.service": acts({
    schema: words,
    type: WORDS,
    verbatim: "all",
    meaning: "What clients ask tokens for, and the audience that a token must name.",
  }),
  "auth.token.issuer": acts({
    schema: words,
    type: WORDS,
    verbatim: "all",
    meaning: "Whom a token must say that it comes from.",
  }),
  "auth.token.rootcertbundle": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning: "Certificates (PEM) that vouch for the keys of tokens. This or `jwks` is needed.",
  }),
  "auth.token.jwks": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning: "The keys of tokens as a JSON Web Key Set.",
  }),
  "auth.token.signingalgorithms": acts({
    schema: z
      .array(algorithm)
      .min(1)
      .transform((names) => [...new Set(names)]),
    type: `a list of ${ALGORITHMS.join(", ")}`,
    default: DEFAULT_ALGORITHMS,
    below: "tree",
    verbatim: "elements",
    meaning: `The signatures that are believed. ${SYMMETRIC.join(", ")} only where they are named.`,
  }),
  "auth.token.autoredirect": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether clients get their tokens under the registry's own address, at `autoredirectpath`: for a token server behind the same proxy.",
  }),
  "auth.token.autoredirectpath": acts({
    schema: text.pipe(z.string().regex(/^\/[\x21-\x7e]*$/)),
    type: 'a path that begins with "/"',
    default: "/auth/token",
    verbatim: "all",
    meaning: "See `autoredirect`.",
  }),
} as const;
