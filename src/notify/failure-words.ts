// Why there was no answer, in words for people. Only what is known to be free of
// secrets is passed on: never a header's value, a user name or a query.
import { errors } from "undici";
import { RedirectRefused } from "./redirect.ts";

/** Longer messages are cut: receivers have a hand in some of them. */
const MAX_LENGTH = 300;

const WORDS: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: "the connection was closed before there was an answer",
  UND_ERR_HEADERS_OVERFLOW: "the answer's headers are too long",
  ECONNRESET: "the connection was reset before there was an answer",
  EPIPE: "the connection was closed while the message was being sent",
};

export function failureWords(error: unknown): string {
  const words = describe(error);
  return words.length > MAX_LENGTH ? `${words.slice(0, MAX_LENGTH)}…` : words;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return "it failed for an unknown reason";
  // Several addresses were tried, each with its own failure.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describe))].join("; ");
  if (error instanceof RedirectRefused) return error.message;
  const code = textOf(error, "code") ?? "";
  const known = WORDS[code];
  if (known !== undefined) return known;
  // The TLS library's own word for it; the message has its source lines in it.
  const reason = textOf(error, "reason");
  if (code.startsWith("ERR_SSL_") || code === "EPROTO") return `TLS: ${reason ?? "the handshake failed"}`;
  if (code.startsWith("ERR_TLS_") || code.includes("CERT") || code.includes("SIGNATURE"))
    return `TLS: ${error.message}`;
  if (error.name === "HTTPParserError") return "the answer is not HTTP";
  // Names the header, not its value.
  if (error instanceof errors.InvalidArgumentError) return error.message;
  if (textOf(error, "syscall") !== undefined) return error.message;
  return `it failed with ${code === "" ? error.name : code}`;
}

function textOf(error: Error, member: string): string | undefined {
  const value: unknown = Reflect.get(error, member);
  return typeof value === "string" ? value : undefined;
}
