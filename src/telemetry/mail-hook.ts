// Lines of some levels that somebody gets by mail: the first at once, and then one mail
// a minute with what the minute brought. Nobody waits for it, and a mail server that is
// away costs a line a minute and a bounded memory.
import type { LineLevel, LogTap } from "./log-options.ts";
import { composeMail, type Mail, type MailServer, sendMail } from "./mail.ts";

export interface MailHookOptions {
  readonly levels: readonly LineLevel[];
  readonly smtp: MailServer;
  readonly from: string;
  readonly to: readonly string[];
}

export interface MailHookParts {
  /** The machine, for people. */
  readonly machine: string;
  /** Told of a mail that could not be sent. What it logs must not come back as a line to send. */
  readonly failed: (error: unknown, options: MailHookOptions) => void;
  /** The time between two mails, in milliseconds. Absent: a minute. */
  readonly everyMs?: number;
}

/** A mail and where it goes. */
export interface Letter {
  readonly server: MailServer;
  readonly mail: Mail;
}

/** The most lines of a mail. */
const MAX_LINES = 200;

/** The most characters of a mail. */
const MAX_LENGTH = 512 * 1024;

const SEND_MS = 15_000;

export class MailHook implements LogTap {
  readonly #options: MailHookOptions;
  readonly #parts: MailHookParts;
  readonly #levels: ReadonlySet<LineLevel>;
  #lines: string[] = [];
  #length = 0;
  #omitted = 0;
  /** What is being sent just now. */
  #under: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: MailHookOptions, parts: MailHookParts) {
    this.#options = options;
    this.#parts = parts;
    this.#levels = new Set(options.levels);
  }

  wants(level: LineLevel): boolean {
    return this.#levels.has(level);
  }

  hear(_level: LineLevel, json: string): void {
    this.#keep(json);
    // Not now: whoever logs does not wait for the making of a mail.
    if (!this.#isClosed) this.#timer ??= this.#later(0);
  }

  /** What has not gone yet, as one mail, for whoever can still send it. Undefined: nothing. */
  takeRest(): Letter | undefined {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#lines = [...this.#under, ...this.#lines];
    const letter = this.#lines.length === 0 ? undefined : this.#compose();
    this.#lines = [];
    this.#under = [];
    return letter;
  }

  /** Sends what waits; resolves when that is done, well or not. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#sending;
    if (this.#lines.length > 0) await this.#send();
  }

  #keep(json: string): void {
    if (this.#lines.length >= MAX_LINES || this.#length + json.length > MAX_LENGTH) {
      this.#omitted += 1;
      return;
    }
    this.#lines.push(json);
    this.#length += json.length;
  }

  #later(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#sending = this.#send().finally(() => {
        this.#sending = undefined;
      });
    }, ms);
    return timer.unref();
  }

  /** Then the minute begins; if it brings nothing, the next line goes at once. */
  async #send(): Promise<void> {
    const { mail, server } = this.#compose();
    const omitted = this.#omitted;
    this.#under = this.#lines;
    this.#lines = [];
    this.#length = 0;
    this.#omitted = 0;
    try {
      await sendMail(server, mail, SEND_MS);
      this.#under = [];
    } catch (error) {
      this.#putBack(omitted);
      this.#parts.failed(error, this.#options);
    }
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#lines.length > 0) this.#timer = this.#later(0);
    }, this.#parts.everyMs ?? 60_000).unref();
  }

  #compose(): Letter {
    const { from, to, smtp: server } = this.#options;
    const { machine } = this.#parts;
    const mail = composeMail({ from, to, lines: this.#lines, omitted: this.#omitted, machine });
    return { server, mail };
  }

  /** Before what has come meanwhile. */
  #putBack(omitted: number): void {
    const later = this.#lines;
    this.#lines = [...this.#under];
    this.#under = [];
    this.#omitted += omitted;
    this.#length = this.#lines.reduce((sum, line) => sum + line.length, 0);
    for (const line of later) this.#keep(line);
  }
}
