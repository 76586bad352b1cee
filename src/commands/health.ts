// Asks a registry whether it is ready, or alive, with one plain HTTP request.
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import { isRawMap } from "../config/raw-tree.ts";
import { printable } from "./readable.ts";
import { parseServerUrl } from "./server-url.ts";
import { tlsFailureText } from "./tls-advice.ts";
import { CommandFailure, EXIT, errorCode, type World } from "./world.ts";

export interface HealthOptions {
  readonly server: string;
  /** The debug listener's address or URL. Absent: the registry itself is asked. */
  readonly debug?: string;
  readonly live?: boolean;
  /** In seconds. */
  readonly timeout: string;
  readonly insecure?: boolean;
  readonly agent?: Agent | undefined;
}

/** A request, as it is to be sent. */
interface Question {
  readonly url: URL;
  readonly request: RequestOptions;
  readonly body?: string;
  /** As the person wrote it. */
  readonly place: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Throws CommandFailure where the answer is no, or is none. */
export async function printHealth(world: World, options: HealthOptions): Promise<void> {
  const question = questionOf(options);
  const timeoutMs = timeoutOf(options.timeout);
  const answer = await ask(question, { ...options, timeoutMs }).finally(() => options.agent?.destroy());
  const problem = options.debug === undefined ? problemOf(answer) : problemOfPage(answer);
  if (problem !== undefined) throw new CommandFailure(`${question.place}: ${problem}`);
  await world.out.write(options.live === true ? "alive\n" : "ready\n");
}

function timeoutOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 3600) return seconds * 1000;
  throw new CommandFailure(`--timeout ${text}: expected seconds, above 0`, { exitCode: EXIT.usage });
}

const UNIX = "unix:";

function questionOf({ server, debug, live }: HealthOptions): Question {
  if (debug !== undefined) {
    const place = parseServerUrl(/^\d+$/.test(debug) ? `127.0.0.1:${debug}` : debug);
    return { place, url: new URL(`${place}/debug/health/${live === true ? "live" : "ready"}`), request: {} };
  }
  const isUnix = server.startsWith(UNIX);
  const base = isUnix ? "http://localhost" : parseServerUrl(server);
  return {
    place: isUnix ? server : base,
    url: new URL(`${base}/grpc.health.v1.Health/Check`),
    request: {
      method: "POST",
      headers: { "Content-Type": "application/json", "Connect-Protocol-Version": "1" },
      ...(isUnix && { socketPath: server.slice(UNIX.length).replace(/^\/\//, "") }),
    },
    body: JSON.stringify(live === true ? { service: "liveness" } : {}),
  };
}

interface AskOptions extends Pick<HealthOptions, "agent" | "insecure"> {
  readonly timeoutMs: number;
}

/** Nobody answers with more than a list of checks. */
const MAX_ANSWER_BYTES = 1024 * 1024;

function ask(question: Question, { agent, insecure, timeoutMs }: AskOptions): Promise<Answer> {
  const { url, request, body, place } = question;
  const isTls = url.protocol === "https:";
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      const reason = signal.aborted
        ? "it does not answer in time"
        : (tlsFailureText(error) ?? reasonOf(error));
      reject(new CommandFailure(`${place}: ${reason}`, { cause: error }));
    };
    const sent = (isTls ? httpsRequest : httpRequest)(url, {
      ...request,
      signal,
      ...(isTls && agent !== undefined && { agent }),
      ...(insecure === true && { rejectUnauthorized: false }),
    });
    sent.once("error", fail).once("response", (response) => {
      void readAnswer(response).then(resolve, fail);
    });
    sent.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_ANSWER_BYTES) throw new Error(FOREIGN);
  }
  return { status: response.statusCode ?? 0, body: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const CONNECTION_FAILURES: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nobody listens there"],
  ["ENOENT", "there is no such socket"],
  ["ENOTFOUND", "the host name is unknown"],
  ["EACCES", "permission denied"],
]);

function reasonOf(error: Error): string {
  const code = errorCode(error);
  return CONNECTION_FAILURES.get(code) ?? printable(error.message || code);
}

const FOREIGN = "it answers, but not as Stowage does";
const NOT_READY = "it is not ready";

function problemOf({ status, body }: Answer): string | undefined {
  const serving = isRawMap(body) ? body.status : undefined;
  if (status === 200 && serving === "SERVING") return undefined;
  if (serving === "NOT_SERVING") return `${NOT_READY}; its debug listener and its log say why`;
  return status === 200 ? FOREIGN : `it answers with HTTP ${status}`;
}

/** Of /debug/health/ready: its checks, those that fail. */
function problemOfPage({ status, body }: Answer): string | undefined {
  const isOurs = isRawMap(body) && (body.status === "ready" || body.status === "alive");
  if (status === 200) return isOurs ? undefined : FOREIGN;
  const checks: readonly unknown[] = isRawMap(body) && Array.isArray(body.checks) ? body.checks : [];
  const failing = checks
    .filter(isRawMap)
    .filter((check) => check.status === "unhealthy")
    .map(({ name, message }) => `\n  ${printable(String(name))}: ${printable(String(message))}`);
  return failing.length === 0 ? `it answers with HTTP ${status}` : `${NOT_READY}${failing.join("")}`;
}
