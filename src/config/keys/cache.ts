// storage.cache: descriptors of blobs that need not be read from the catalogue.
import { z } from "zod";
import { acts, complain, reject } from "../key.ts";

const CACHE = "inmemory or none";

const NO_REDIS =
  "descriptors are not kept in Redis: the catalogue that holds them lies beside the registry and is quicker to ask; write inmemory, or none to ask it each time";

const cache = z.unknown().transform((given, context): "inmemory" | "none" | undefined => {
  if (given === undefined || given === "inmemory" || given === "none") return given;
  return given === "redis" ? complain(context, NO_REDIS) : reject(context);
});

export const cacheKeys = {
  "storage.cache.blobdescriptor": acts({
    schema: cache,
    type: CACHE,
    default: "inmemory",
    meaning:
      "Where it is remembered which blobs there are and how large they are. It never outlives a blob, so `none` costs time and gains nothing but memory.",
  }),
  "storage.cache.layerinfo": acts({
    schema: cache,
    type: CACHE,
    meaning: "The old name of `storage.cache.blobdescriptor`, which wins.",
  }),
  "storage.cache.blobdescriptorsize": acts({
    schema: z.int().min(0),
    type: "a whole number, at least 0",
    default: 10_000,
    meaning:
      "How many entries are remembered at most: one for each blob, and one for each repository that has it. `0` sets no limit.",
  }),
} as const;
