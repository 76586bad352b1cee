// The headers traceparent and tracestate: which trace a request belongs to, and
// whether its caller had it recorded. W3C Trace Context, 3.2 and 3.3.
import { randomBytes } from "node:crypto";

/** A caller's step of a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
  /** Whether the caller says that it is recorded. */
  readonly isSampled: boolean;
  /** The tracestate as it came. Absent: there is none, or one that is too long to be taken along. */
  readonly state?: string;
}

export type TraceHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The least that everybody must take along; 3.3.1.5. */
const MAX_STATE = 512;

const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const SAMPLED = 1;

/** Undefined: there is none, or one that cannot be read, which is as good as none. */
export function readTraceContext({ traceparent, tracestate }: TraceHeaders): TraceContext | undefined {
  if (typeof traceparent !== "string") return undefined;
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = "00", rest] =
    TRACEPARENT.exec(traceparent) ?? [];
  if (version === "ff" || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  // Later versions may say more behind the flags; this one may not.
  if (version === "00" && rest !== undefined) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) !== 0;
  const hasState = typeof tracestate === "string" && tracestate !== "" && tracestate.length <= MAX_STATE;
  return { traceId, spanId, isSampled, ...(hasState && { state: tracestate }) };
}

/** The headers that tell the next one of this step. */
export function traceHeaders({ traceId, spanId, isSampled, state }: TraceContext): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
  return { traceparent, ...(state !== undefined && { tracestate: state }) };
}

/** A step that nobody records, so that the next one does not begin a trace of its own. */
export function unrecorded(caller: TraceContext | undefined): TraceContext {
  if (caller !== undefined) return { ...caller, isSampled: false };
  const id = randomBytes(24).toString("hex");
  return { traceId: id.slice(0, 32), spanId: id.slice(32), isSampled: false };
}
