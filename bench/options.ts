// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import { PEER_NAMES, type PeerName } from "./peers.ts";
import { chosen, namesOf, ROUND_SPEC, type RoundOptions, roundOptions, roundUsage } from "./round-options.ts";
import { ROWS, type Row } from "./rows.ts";

const DEFAULTS = { rounds: 3, seconds: 3 };

const PEERS: readonly { readonly name: PeerName }[] = PEER_NAMES.map((name) => ({ name }));

export const USAGE = `npm run bench -- [options]
  --rows NAMES      only these rows, separated by commas: ${namesOf(ROWS)}
  --peers NAMES     only these peers: ${namesOf(PEERS)}
${roundUsage(DEFAULTS, { of: "each row on each peer", suffix: "" })}`;

export interface Options extends RoundOptions {
  readonly rows: readonly Row[];
  readonly peers: readonly PeerName[];
}

const SPEC = { rows: { type: "string" }, peers: { type: "string" }, ...ROUND_SPEC } as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  return {
    rows: chosen("row", values.rows, ROWS),
    peers: chosen("peer", values.peers, PEERS).map(({ name }) => name),
    ...roundOptions(values, DEFAULTS),
  };
}
