// stowage tokens list: access tokens in a table.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type AccessToken, AccessTokenSchema } from "../gen/stowage/v1/auth_service_pb.ts";
import { type AuthClient, askAuth } from "./auth-client.ts";
import type { Cell } from "./cell.ts";
import { parsePrincipalId } from "./principal-option.ts";
import { printLines, printWholeJson } from "./print.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView, type View } from "./view.ts";
import type { World } from "./world.ts";

export interface ListTokensOptions extends RemoteOptions {
  readonly all?: boolean;
  readonly owner?: string;
}

export async function listTokens(world: World, options: ListTokensOptions): Promise<void> {
  const { all = false, owner } = options;
  const choice = { all, owner: owner === undefined ? "" : parsePrincipalId(owner) };
  await askAuth(options, async (client) => {
    const tokens = readTokens(client, choice);
    if (options.json === true) {
      for await (const token of tokens) await printWholeJson(world.out, AccessTokenSchema, token);
      return;
    }
    const found = await Array.fromAsync(tokens);
    const lines = found.length === 0 ? NONE : tokenLines(world, found, choice);
    await printLines(world.out, lines);
  });
}

const NONE = [
  "There are no access tokens. One is made so:",
  "  stowage tokens create --description WHAT-FOR",
];

interface Choice {
  readonly all: boolean;
  readonly owner: string;
}

async function* readTokens(client: AuthClient, choice: Choice): AsyncGenerator<AccessToken> {
  let pageToken = "";
  do {
    const page = await client.listAccessTokens({ ...choice, pageSize: 1000, pageToken });
    yield* page.accessTokens;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** The table of tokens; with owners where these can differ. */
function tokenLines(world: World, tokens: readonly AccessToken[], { all }: Choice): string[] {
  const view = createView(world);
  const columns = [
    { title: "ID" },
    ...(all ? [{ title: "OWNER", cut: "middle" as const }] : []),
    { title: "DESCRIPTION", cut: "end" as const },
    { title: "SCOPES", cut: "end" as const, canGo: true },
    { title: "CREATED" },
    { title: "LAST USED" },
    { title: "ENDS" },
  ];
  const rows = tokens.map((token): Cell[] => [
    token.accessTokenId,
    ...(all ? [token.owner] : []),
    token.description,
    token.scopes.length === 0 ? "all" : token.scopes.join(" "),
    timeCell(view, token.createTime),
    timeCell(view, token.lastUseTime),
    endCell(view, token, world.now()),
  ]);
  return tableLines(view, columns, rows);
}

function endCell(view: View, { expireTime }: AccessToken, now: number): Cell {
  const cell = timeCell(view, expireTime);
  if (typeof cell === "string" || expireTime === undefined || timestampMs(expireTime) > now) return cell;
  return { ...cell, style: "red" };
}
