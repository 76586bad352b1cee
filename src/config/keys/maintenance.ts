// storage.maintenance: what the registry does by itself to reclaim space and to find
// damage, and the switch that lets nobody write.

import { z } from "zod";
import { byteSize, SIZE } from "../byte-size.ts";
import { acts, FLAG, flag, POSITIVE_DURATION, positiveDuration, TIMER, timer } from "../key.ts";

const onOff = (value: boolean, meaning: string) =>
  acts({ schema: flag, type: FLAG, default: value, meaning });

const span = (value: string, meaning: string) =>
  acts({ schema: positiveDuration, type: POSITIVE_DURATION, default: value, meaning });

export const maintenanceKeys = {
  "storage.maintenance.gc.enabled": onOff(
    true,
    "Whether space that nothing needs is reclaimed while the registry runs. If not, `stowage gc` does it when told to.",
  ),
  "storage.maintenance.gc.grace": span(
    "24h",
    "How long a blob stays that no manifest needs, since it was pushed or last asked for. A push must get from its first blob to its manifest within it.",
  ),
  "storage.maintenance.gc.interval": acts({
    schema: timer,
    type: TIMER,
    default: "1m",
    meaning: "How often the collector looks for what is due.",
  }),
  "storage.maintenance.gc.rate": acts({
    schema: z.int().min(0),
    type: "a whole number, at least 0",
    default: 200,
    meaning: "The most removals a second. `0` sets no limit.",
  }),
  "storage.maintenance.scrub.enabled": onOff(
    false,
    "Whether the bytes of all blobs are read and compared with their digests again and again. Damaged ones are put aside, and named.",
  ),
  "storage.maintenance.scrub.interval": span(
    "720h",
    "How long after its beginning one pass follows another.",
  ),
  "storage.maintenance.scrub.rate": acts({
    schema: byteSize,
    type: `${SIZE}; 0 sets no limit`,
    default: "20MiB",
    meaning: "The most bytes that are read a second.",
  }),
  "storage.maintenance.uploadpurging.enabled": onOff(
    true,
    "Whether uploads that nobody finished are removed.",
  ),
  "storage.maintenance.uploadpurging.age": span(
    "168h",
    "How long after the last byte of an upload arrived it is taken for abandoned.",
  ),
  "storage.maintenance.uploadpurging.interval": span("24h", "How often such uploads are looked for."),
  "storage.maintenance.uploadpurging.dryrun": onOff(
    false,
    "Whether abandoned uploads are only named in the log, not removed.",
  ),
  "storage.maintenance.readonly.enabled": onOff(
    false,
    "Whether everything that changes content is refused (405); pulling goes on. Nothing is collected, purged or removed by retention either.",
  ),
} as const;
