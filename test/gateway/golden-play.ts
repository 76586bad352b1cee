// Plays the exchanges of a golden file against a port.
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { fill, type Message, parseGoldenFile } from "./golden-file.ts";
import { matchAnswer } from "./golden-match.ts";

/** Throws at the first exchange whose answer is another. */
export async function playGoldenFile(path: string, port: number): Promise<void> {
  const file = parseGoldenFile(readFileSync(path, "utf8"));
  // One connection for all: an answer that breaks it would break the next exchange.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const names = new Map(file.names);
  try {
    for (const { title, request: message, answer } of file.exchanges) {
      const actual = await send(fillMessage(message, names), port, agent);
      try {
        matchAnswer(answer, actual, names);
      } catch (error) {
        throw new Error(`"${title}" got another answer`, { cause: error });
      }
    }
  } finally {
    agent.destroy();
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
