// The log section as the program uses it.

export interface LogConfig {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly formatter: "text" | "json" | "logstash";
  /** Added to every line. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** Whether each request is logged. */
  readonly accessLog: boolean;
  /** Those that are not disabled. */
  readonly hooks: readonly MailHookConfig[];
}

/** Distribution's words, the worst first. panic: a crash. fatal: it cannot start. */
export const HOOK_LEVELS = ["panic", "fatal", "error", "warn", "info", "debug"] as const;

export type HookLevel = (typeof HOOK_LEVELS)[number];

/** Lines of some levels go to somebody by mail. */
export interface MailHookConfig {
  readonly levels: readonly HookLevel[];
  readonly smtp: {
    readonly host: string;
    readonly port: number;
    /** Absent: nobody logs in. */
    readonly login?: { readonly username: string /** Secret. */; readonly password: string };
    /** True: any certificate is accepted, and the password is sent without TLS. */
    readonly insecure: boolean;
  };
  readonly from: string;
  readonly to: readonly string[];
}
