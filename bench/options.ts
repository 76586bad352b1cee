// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import { PEER_NAMES, type PeerName } from "./peers.ts";
import { ROWS, type Row, rowsNamed } from "./rows.ts";

export const USAGE = `npm run bench -- [options]
  --rows NAMES     only these rows, separated by commas: ${ROWS.map((row) => row.name).join(", ")}
  --peers NAMES    only these peers: ${PEER_NAMES.join(", ")}
  --rounds N       rounds of each row on each peer; the median counts (default 3)
  --seconds S      how long a round takes (default 3)
  --folder PATH    where the registries keep their data meanwhile (default: the system's temporary folder)
  --smoke          a moment for each row and little data: only shows that it works
  --json           print JSON, not a table
  --save           also write the JSON to bench/results/<date>.json
`;

export interface Options {
  readonly rows: readonly Row[];
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string | undefined;
  readonly smoke: boolean;
  readonly json: boolean;
  readonly save: boolean;
}

const SPEC = {
  rows: { type: "string" },
  peers: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  folder: { type: "string" },
  smoke: { type: "boolean" },
  json: { type: "boolean" },
  save: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Reads the arguments; undefined when help is asked for. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: SPEC, strict: true });
  if (values.help === true) return undefined;
  const smoke = values.smoke ?? false;
  return {
    rows: values.rows === undefined ? ROWS : rowsNamed(values.rows.split(",")),
    peers: values.peers === undefined ? PEER_NAMES : peersNamed(values.peers.split(",")),
    rounds: positive("rounds", values.rounds ?? (smoke ? "1" : "3")),
    seconds: positive("seconds", values.seconds ?? (smoke ? "0.1" : "3")),
    folder: values.folder,
    smoke,
    json: values.json ?? false,
    save: values.save ?? false,
  };
}

function peersNamed(names: readonly string[]): readonly PeerName[] {
  const unknown = names.find((name) => !PEER_NAMES.some((peer) => peer === name));
  if (unknown === undefined) return PEER_NAMES.filter((peer) => names.includes(peer));
  throw new Error(`no peer "${unknown}"; there are ${PEER_NAMES.join(", ")}`);
}

export function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name} must be a number above 0, not "${text}"`);
}
