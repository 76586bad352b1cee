// http.debug: the listener for whoever runs the registry.
import { z } from "zod";
import { DEBUG_PROFILES, parseDebugAddress } from "../debug.ts";
import { acts, FLAG, flag, reject, text } from "../key.ts";

/** Empty: there is no listener. */
const address = text
  .optional()
  .transform((value, context) =>
    value === undefined || value === "" ? undefined : (parseDebugAddress(value) ?? reject(context)),
  );

/** Not where the listener's other pages are. */
const METRICS_PATH = /^\/(?!debug(?:\/|$))[A-Za-z0-9._~/-]+$/;

const metricsPath = text.refine((value) => METRICS_PATH.test(value));

export const debugKeys = {
  "http.debug.addr": acts({
    schema: address,
    type: "PORT or :PORT for this machine alone, or HOST:PORT, such as 0.0.0.0:5001 for all interfaces",
    verbatim: "all",
    meaning:
      "Where the debug listener answers: health, figures, metrics, profiles. It asks nobody for a password. Absent: there is none. Unlike in distribution, `:5001` is `127.0.0.1:5001`.",
  }),
  "http.debug.profiles": acts({
    schema: z.enum(DEBUG_PROFILES),
    type: "local, everyone or off",
    default: "local",
    meaning:
      "Who may ask the debug listener for profiles and for the configuration in effect: clients that connect over this machine's loopback interface, everybody who can connect, or nobody.",
  }),
  "http.debug.prometheus.enabled": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether metrics are counted, and told to Prometheus on the debug listener. docs/metrics.md lists them.",
  }),
  "http.debug.prometheus.path": acts({
    schema: metricsPath,
    type: 'a path that begins with "/", such as /metrics, and not with /debug',
    default: "/metrics",
    verbatim: "all",
    meaning: "Where on the debug listener the metrics are.",
  }),
} as const;
