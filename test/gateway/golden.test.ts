// Plays every file of test/golden against a registry of its own, in one process
// and with the gateway in front of a remote registry.
import { readdirSync, readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { GATEWAY_MODES, type GatewayMode, openGatewayServer } from "./gateway-server.ts";
import { fill, type GoldenFile, type Message, parseGoldenFile } from "./golden-file.ts";
import { matchAnswer } from "./golden-match.ts";

const FOLDER = join(import.meta.dirname, "../golden");

/** Small, so that a few tags and ranges show what happens at a limit. */
const LIMITS = { maxUrlLength: 2000, maxManifestSize: 1024, maxTags: 3, maxCatalogEntries: 3, maxRanges: 3 };

/** Files that need a registry of another kind. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "delete-disabled.http": { REGISTRY_STORAGE_DELETE_ENABLED: "false" },
};

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".http"))) {
  const file = parseGoldenFile(readFileSync(join(FOLDER, name), "utf8"));
  for (const mode of GATEWAY_MODES) test(`${name} holds, ${mode}`, () => play(name, file, mode));
}

async function play(fileName: string, file: GoldenFile, mode: GatewayMode): Promise<void> {
  const server = await openGatewayServer({ mode, limits: LIMITS, settings: SETTINGS[fileName] ?? {} });
  // One connection for all: an answer that breaks it would break the next exchange.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const names = new Map(file.names);
  try {
    for (const { title, request: message, answer } of file.exchanges) {
      const actual = await send(fillMessage(message, names), server.port, agent);
      try {
        matchAnswer(answer, actual, names);
      } catch (error) {
        throw new Error(`"${title}" got another answer`, { cause: error });
      }
    }
  } finally {
    agent.destroy();
    await server.close();
  }
}

function fillMessage({ start, headers, body }: Message, names: ReadonlyMap<string, string>): Message {
  return {
    start: fill(start, names),
    headers: headers.map(([name, value]) => [name, fill(value, names)]),
    body: fill(body, names),
  };
}

function send({ start, headers, body }: Message, port: number, agent: Agent): Promise<Message> {
  const [method = "", path = ""] = start.split(" ");
  return new Promise((resolve, reject) => {
    const fields = ["Host", `127.0.0.1:${port}`, ...headers.flat()];
    const options = { host: "127.0.0.1", port, agent, method, path, headers: fields };
    const outgoing = request(options, (response) => resolve(read(response)));
    outgoing.on("error", reject);
    outgoing.end(body === "" ? undefined : body);
  });
}

async function read(response: IncomingMessage): Promise<Message> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { rawHeaders } = response;
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""] as const] : [],
  );
  const body = Buffer.concat(chunks).toString("latin1").replaceAll("\r\n", "\n").replace(/\n$/, "");
  return { start: `HTTP/1.1 ${response.statusCode}`, headers, body: Buffer.from(body, "latin1").toString() };
}
