// The whole configuration as it acts, in the file's own form: what check-config
// prints. A file with it means the same.
import type { AuthConfig } from "./access.ts";
import { type AuthKinds, authKinds } from "./auth-kinds.ts";
import type { Config } from "./config.ts";
import { effectiveTree } from "./effective-tree.ts";
import { CONFIGURATION } from "./keys.ts";
import { isRawMap, type RawMap } from "./raw-tree.ts";

/** What is set, and the defaults of what is chosen. Secrets are blotted out where the key knows them. */
export function effectiveConfiguration(
  given: ReadonlyMap<string, unknown>,
  { root, config }: { readonly root: RawMap; readonly config: Config },
): RawMap {
  const tree = effectiveTree(CONFIGURATION, new Map([...given, ["version", 0.1]]));
  if (given.has("storage.inmemory") && isRawMap(tree.storage)) delete tree.storage.filesystem;
  if (config.http.tls === undefined && isRawMap(tree.http)) delete tree.http.tls;
  else if (config.http.tls?.clientCas.length === 0) deleteAt(tree, ["http", "tls", "clientauth"]);
  const kinds = authKinds(root);
  if (kinds === undefined) delete tree.auth;
  else tree.auth = chosen(isRawMap(tree.auth) ? tree.auth : {}, { kinds, given, auth: config.auth });
  return tree;
}

interface Choice {
  readonly kinds: AuthKinds;
  readonly given: ReadonlyMap<string, unknown>;
  readonly auth: AuthConfig;
}

/** Of the auth section only what is named, and what comes with it. */
function chosen(tree: RawMap, { kinds, given, auth: { issuer, mode } }: Choice): RawMap {
  if (mode === "none") return { none: {} };
  const members = Object.entries(tree).filter(([kind]) => kinds.has(kind) && kind !== "issuer");
  // Of a token endpoint that there is not, only what is set.
  const tokens = Object.entries(isRawMap(tree.issuer) ? tree.issuer : {}).filter(
    ([member]) => issuer !== undefined || given.has(`auth.issuer.${member}`),
  );
  const hasIssuer = mode === "guarded" && !kinds.has("token");
  return {
    ...Object.fromEntries(members),
    ...(hasIssuer && { issuer: { ...Object.fromEntries(tokens), enabled: issuer !== undefined } }),
  };
}

function deleteAt(tree: RawMap, path: readonly string[]): void {
  const [first = "", ...rest] = path;
  const child = tree[first];
  if (rest.length === 0) delete tree[first];
  else if (isRawMap(child)) deleteAt(child, rest);
}
