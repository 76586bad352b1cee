// The whole log of a process: its logger, the lines that come in crowds, who gets what
// by mail, and how it ends, by itself or by a crash.
import { sendLastMails } from "./last-mail.ts";
import { jsonForm, type LineValue, lineForm } from "./line-form.ts";
import type { FieldName } from "./log-fields.ts";
import type { LineLevel, LogContext, LogOptions, LogTap } from "./log-options.ts";
import { LogStream, type LogStreamOptions } from "./log-stream.ts";
import { createLogger, type Logger, terminalForm } from "./logger.ts";
import { MailHook, type MailHookOptions } from "./mail-hook.ts";
import type { Scopes } from "./scope.ts";

export interface LogParts {
  readonly options: LogOptions & { readonly hooks?: readonly MailHookOptions[] };
  readonly output: Omit<LogStreamOptions, "onLost">;
  /** Of this process. */
  readonly instanceId?: string;
  readonly scopes?: Scopes;
  /** Of this machine, for people. */
  readonly machine: string;
  /** The time between two mails of one hook, in milliseconds. Absent: a minute. */
  readonly mailEveryMs?: number;
}

/** How long the end of a process may wait for a mail server, in milliseconds. */
const LAST_MAIL_MS = 5000;

export class Log {
  readonly logger: Logger;
  readonly #options: LogOptions;
  readonly #context: LogContext;
  readonly #stream: LogStream;
  readonly #hooks: readonly MailHook[];

  constructor({ options, output, instanceId, scopes, machine, mailEveryMs }: LogParts) {
    let isTelling = false;
    const failed = (error: unknown, { to }: MailHookOptions) => {
      isTelling = true;
      this.logger.warn({ err: error, hook: to.join(", ") }, "a mail with lines of the log could not be sent");
      isTelling = false;
    };
    const parts = { machine, failed, ...(mailEveryMs !== undefined && { everyMs: mailEveryMs }) };
    this.#hooks = (options.hooks ?? []).map((hook) => new MailHook(hook, parts));
    this.#options = options;
    this.#context = {
      ...(instanceId !== undefined && { instanceId }),
      ...(scopes !== undefined && { scopes }),
      ...(this.#hooks.length > 0 && { tap: tapOf(this.#hooks, () => isTelling) }),
    };
    this.#stream = new LogStream({
      ...output,
      onLost: (lines) =>
        this.logger.warn(
          { lines },
          "lines of the log were lost: nobody took them in time, or the disk was full",
        ),
    });
    this.logger = createLogger(options, this.#stream, this.#context);
  }

  /** How many lines were lost since the start, because nobody took them or the disk was full. */
  get dropped(): number {
    return this.#stream.dropped;
  }

  /** For lines that come in crowds: a message and always the same fields. `sketch`: its words for people at a terminal. */
  crowd<Values extends readonly LineValue[]>(
    message: string,
    names: readonly FieldName[],
    sketch: (values: Values) => string,
  ): (level: LineLevel, values: Values) => void {
    const { tap } = this.#context;
    const json = tap === undefined ? undefined : jsonForm(this.#options, this.#context, names);
    const write = this.#crowdWriter(message, names, sketch);
    if (tap === undefined || json === undefined) return write;
    return (level, values) => {
      write(level, values);
      if (tap.wants(level)) tap.hear(level, json(level, message, values));
    };
  }

  #crowdWriter<Values extends readonly LineValue[]>(
    message: string,
    names: readonly FieldName[],
    sketch: (values: Values) => string,
  ): (level: LineLevel, values: Values) => void {
    const stream = this.#stream;
    if (this.#options.formatter === "text" && stream.isTerminal) {
      const form = terminalForm();
      return (level, values) =>
        stream.writeLater(`${form({ level, time: new Date().toISOString(), message: sketch(values) })}\n`);
    }
    const form = lineForm(this.#options, this.#context, names);
    return (level, values) => stream.writeLater(`${form(level, message, values)}\n`);
  }

  /** The last words of a process that crashed. Returns when they are written and sent, or a few seconds later. */
  crashed(error: unknown, origin: string): void {
    this.#stream.endNow();
    this.logger.panic({ err: error, origin }, "crashed");
    this.#sendRest();
  }

  /** The last words of a process that cannot start or go on, which the command line tells too: in text once is enough. */
  failed(error: unknown): void {
    const tell = () => this.logger.fatal({ err: error }, "it cannot go on");
    this.#stream.endNow();
    if (this.#options.formatter === "text") this.#stream.muted(tell);
    else tell();
    this.#sendRest();
  }

  /** Sends and writes what waits. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_MAIL_MS);
    });
    await Promise.race([Promise.all(this.#hooks.map((hook) => hook.close())), late]);
    clearTimeout(timer);
    await this.#stream.flush();
  }

  #sendRest(): void {
    const letters = this.#hooks.flatMap((hook) => hook.takeRest() ?? []);
    const lost = sendLastMails(letters, LAST_MAIL_MS);
    if (lost > 0) this.logger.error({ count: lost }, "mails with lines of the log could not be sent");
  }
}

/** What is told of mails that could not be sent no hook hears: that would go on for ever. */
function tapOf(hooks: readonly MailHook[], isTelling: () => boolean): LogTap {
  return {
    wants: (level) => !isTelling() && hooks.some((hook) => hook.wants(level)),
    hear: (level, json) => {
      for (const hook of hooks) if (hook.wants(level)) hook.hear(level, json);
    },
  };
}
