// Chooses tags of a list by their names and by what they are.
import type { TagRecord } from "../../metadata/records.ts";
import { parseGlob } from "../../oci/glob.ts";

/** As it was written; of each member that is not empty one entry must fit. All but platforms are globs. */
export interface TagChoice {
  readonly names: readonly string[];
  readonly mediaTypes: readonly string[];
  readonly artifactTypes: readonly string[];
  /** "linux/arm/v7"; with less of it, all that begin so. */
  readonly platforms: readonly string[];
}

/** A choice that is ready to be asked. */
export interface TagFilter {
  /** Absent: any name. */
  readonly fitsName?: (name: string) => boolean;
  /** Absent: whatever it is. */
  readonly fitsRecord?: (record: TagRecord) => boolean;
}

/** Undefined: it chooses all. Throws FILTER_INVALID. */
export function tagFilter(choice: TagChoice): TagFilter | undefined {
  const { platforms } = choice;
  const fitsName = anyGlob(choice.names);
  const mediaTypes = anyGlob(choice.mediaTypes);
  const artifactTypes = anyGlob(choice.artifactTypes);
  const isAboutRecords = mediaTypes ?? artifactTypes ?? platforms[0];
  if (fitsName === undefined && isAboutRecords === undefined) return undefined;
  const fitsRecord = (record: TagRecord) =>
    (mediaTypes === undefined || mediaTypes(record.mediaType)) &&
    (artifactTypes === undefined || artifactTypes(record.artifactType ?? "")) &&
    (platforms.length === 0 || runsOn(record, platforms));
  return {
    ...(fitsName !== undefined && { fitsName }),
    ...(isAboutRecords !== undefined && { fitsRecord }),
  };
}

/** Whether a text fits one of the globs. Undefined: there are none. Throws FILTER_INVALID. */
export function anyGlob(texts: readonly string[]): ((text: string) => boolean) | undefined {
  if (texts.length === 0) return undefined;
  const globs = texts.map(parseGlob);
  return (text) => globs.some((glob) => glob.matches(text));
}

function runsOn({ platforms = [] }: TagRecord, wanted: readonly string[]): boolean {
  return platforms.some((platform) =>
    wanted.some((one) => platform === one || platform.startsWith(`${one}/`)),
  );
}
