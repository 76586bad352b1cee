// Lines of the log as a mail, and how a mail is sent: over TLS wherever the server can,
// and in a time that is known beforehand.
import { createTransport } from "nodemailer";
import { flattenFields, parseLine } from "./logfmt.ts";
import { printable } from "./printable.ts";

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Absent: nobody logs in. */
  readonly login?: { readonly username: string; readonly password: string };
  /** True: any certificate is accepted, and the password sent without TLS where there is none. */
  readonly insecure: boolean;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

export interface MailContent {
  readonly from: string;
  readonly to: readonly string[];
  /** As JSON, the oldest first. */
  readonly lines: readonly string[];
  /** How many more there were. */
  readonly omitted: number;
  /** The machine, for people. */
  readonly machine: string;
}

/** The longest value in a mail, in characters: a stack is shorter. */
const MAX_VALUE = 8192;

export function composeMail({ from, to, lines, omitted, machine }: MailContent): Mail {
  const [first = {}] = lines.map(parseLine);
  const more = lines.length + omitted - 1;
  const what = `${first.level}: ${first.message}${more > 0 ? ` (and ${more} more)` : ""}`;
  const left = omitted > 0 ? [`${omitted} more lines are in the log of the registry only.\n`] : [];
  return {
    from,
    to,
    subject: printable(`[Stowage ${machine}] ${what}`).slice(0, 200),
    text: [...lines.map(paragraph), ...left].join("\n"),
  };
}

/** A line for people: a field in each row, and a stack as it is. */
function paragraph(json: string): string {
  const { time, "@timestamp": timestamp, level, message, ...fields } = parseLine(json);
  const rows = flattenFields(fields).map(([name, value]) => {
    const text = (typeof value === "string" ? value : JSON.stringify(value)).slice(0, MAX_VALUE);
    return `  ${printable(name)}: ${text.split("\n").map(printable).join("\n    ")}`;
  });
  return `${[`${time ?? timestamp} ${level}: ${printable(String(message))}`, ...rows].join("\n")}\n`;
}

/** The port that begins with TLS. RFC 8314, 3.3. */
const SUBMISSIONS = 465;

/** Rejects when the mail was not taken; never takes much longer than `timeoutMs`. */
export async function sendMail(server: MailServer, mail: Mail, timeoutMs: number): Promise<void> {
  const { host, port, login, insecure } = server;
  const transport = createTransport({
    host,
    port,
    secure: port === SUBMISSIONS,
    requireTLS: login !== undefined && !insecure && !isThisMachine(host),
    tls: { rejectUnauthorized: !insecure },
    ...(login !== undefined && { auth: { user: login.username, pass: login.password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // The times above are those of one answer, and a server may give many.
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), timeoutMs);
  try {
    await transport.sendMail({ ...mail, to: [...mail.to], signal: enough.signal });
  } catch (error) {
    if (!enough.signal.aborted) throw error;
    throw new Error(`the mail was not taken within ${timeoutMs / 1000} s`);
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
