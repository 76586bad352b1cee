// storage.delete and storage.tag.history: what clients may delete, and how long it
// can be brought back.
import { z } from "zod";
import { acts, DURATION, duration, FLAG, flag } from "../key.ts";

export const REFERENCED_DELETIONS = ["refuse", "allow"] as const;

export const deletionKeys = {
  "storage.delete.enabled": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether clients can delete manifests, tags and blobs. Without it DELETE is answered 405. What `retention` removes does not depend on it.",
  }),
  "storage.delete.trash": acts({
    schema: duration,
    type: DURATION,
    default: "168h",
    meaning:
      "How long deleted manifests can be restored, and keep what they need. `0`: they are gone at once, and their space is free as soon as the collector comes by.",
  }),
  "storage.delete.referenced": acts({
    schema: z.enum(REFERENCED_DELETIONS),
    type: REFERENCED_DELETIONS.join(" or "),
    default: "refuse",
    meaning:
      "What happens when a blob or a manifest is to be deleted that manifests of the repository need: `refuse` answers 409 and names them, `allow` breaks them, as distribution does.",
  }),
  "storage.tag.history": acts({
    schema: duration,
    type: DURATION,
    default: "2160h",
    meaning: "How long it is known what a tag pointed to before. `0`: not at all.",
  }),
} as const;
