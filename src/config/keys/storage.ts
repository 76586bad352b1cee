// The storage section: where bytes and metadata lie. Exactly one driver.
import { z } from "zod";
import { acts, COUNT, count, FLAG, flag, inert, refused, text } from "../key.ts";
import { cacheKeys } from "./cache.ts";
import { deletionKeys } from "./deletion.ts";
import { maintenanceKeys } from "./maintenance.ts";

const OTHER_DRIVER = "this storage is not supported yet; use storage.filesystem";

export const storageKeys = {
  "storage.filesystem.rootdirectory": acts({
    schema: text.refine((path) => path !== ""),
    type: "the path of a directory",
    default: "./stowage-data",
    verbatim: "all",
    meaning:
      "Where everything lies: blobs, uploads and metadata. It is made when it is missing. A relative path begins in the working directory. Data that distribution left there (`docker/registry/v2`) is not touched and not read.",
  }),
  "storage.filesystem.maxthreads": inert({
    schema: z.int(),
    type: COUNT,
    meaning: "Waiting for the disk takes no thread of ours.",
  }),
  "storage.inmemory": acts({
    schema: z.unknown().transform((value) => value !== undefined),
    type: "nothing, or {}",
    below: "tree",
    bare: true,
    meaning: "Keep everything in memory; all is lost at the end. For tests.",
  }),
  "storage.s3": refused({ type: "a map", meaning: "Amazon S3 and its like.", instead: OTHER_DRIVER }),
  "storage.s3aws": refused({
    type: "a map",
    meaning: "Another name of `storage.s3`.",
    instead: OTHER_DRIVER,
  }),
  "storage.azure": refused({ type: "a map", meaning: "Azure Blob Storage.", instead: OTHER_DRIVER }),
  "storage.gcs": refused({ type: "a map", meaning: "Google Cloud Storage.", instead: OTHER_DRIVER }),
  "storage.swift": refused({ type: "a map", meaning: "OpenStack Swift.", instead: OTHER_DRIVER }),
  "storage.oss": refused({ type: "a map", meaning: "Aliyun OSS.", instead: OTHER_DRIVER }),
  ...deletionKeys,
  "storage.tag.concurrencylimit": inert({
    schema: z.int(),
    type: COUNT,
    meaning: "The tags of a manifest are found by an index, not by reading all tags.",
  }),
  "storage.redirect.disable": inert({
    schema: flag,
    type: FLAG,
    meaning: "Nothing is redirected to another storage.",
  }),
  ...cacheKeys,
  ...maintenanceKeys,
  "catalog.maxentries": acts({
    schema: count,
    type: COUNT,
    default: 1000,
    meaning: "The most repositories on a page of the catalogue. A request for more is answered 400.",
  }),
  "tags.maxtags": acts({
    schema: count,
    type: COUNT,
    default: 1000,
    meaning: "The most tags on a page of a repository's tags. A request for more gets this many.",
  }),
} as const;
