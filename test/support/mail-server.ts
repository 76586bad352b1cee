// A real mail server on a port of its own, which keeps what it is given.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body as they came. */
  readonly text: string;
  readonly user: string | undefined;
  readonly isSecure: boolean;
}

export interface MailServerOptions {
  /** In PEM form. Absent: it speaks no TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Absent: nobody needs to log in. */
  readonly login?: { readonly username: string; readonly password: string };
}

export class MailServer implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  /** What it is so bad as to be told without TLS, or wrongly. */
  readonly failures: string[] = [];
  /** True: mails are refused. */
  isFull = false;
  readonly #server: SMTPServer;

  private constructor({ tls, login }: MailServerOptions) {
    const options: SMTPServerOptions = {
      ...(tls === undefined ? { hideSTARTTLS: true } : { cert: tls.certificate, key: tls.key }),
      authOptional: login === undefined,
      disabledCommands: login === undefined ? ["AUTH"] : [],
      allowInsecureAuth: true,
      onAuth: (auth, session, callback) => {
        if (!session.secure) this.failures.push("a password came without TLS");
        const isRight = auth.username === login?.username && auth.password === login?.password;
        callback(isRight ? null : new Error("wrong password"), isRight ? { user: auth.username } : undefined);
      },
      onData: (stream, session, callback) => {
        void text(stream).then((content) => {
          if (this.isFull) return callback(new Error("the disk is full"));
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            text: content,
            user: typeof session.user === "string" ? session.user : undefined,
            isSecure: session.secure,
          });
          callback();
        });
      },
    };
    this.#server = new SMTPServer(options);
    this.#server.on("error", (error) => this.failures.push(error.message));
  }

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    const listener = server.#server.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return server;
  }

  get port(): number {
    const address: unknown = this.#server.server.address();
    return (address as AddressInfo).port; // it listens on TCP
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
