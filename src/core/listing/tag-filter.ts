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

/** Which names are chosen. */
export interface NameChoice {
  readonly fits: (name: string) => boolean;
  /** What all of them begin with; "" where that is nothing. */
  readonly start: string;
}

/** A choice that is ready to be asked. */
export interface TagFilter {
  /** Absent: any name. */
  readonly names?: NameChoice;
  /** Absent: whatever it is. */
  readonly fitsRecord?: (record: TagRecord) => boolean;
}

/** Undefined: it chooses all. Throws FILTER_INVALID. */
export function tagFilter(choice: TagChoice): TagFilter | undefined {
  const { platforms } = choice;
  const names = anyGlob(choice.names);
  const mediaTypes = anyGlob(choice.mediaTypes);
  const artifactTypes = anyGlob(choice.artifactTypes);
  const isAboutRecords = mediaTypes ?? artifactTypes ?? platforms[0];
  if (names === undefined && isAboutRecords === undefined) return undefined;
  const fitsRecord = (record: TagRecord) =>
    (mediaTypes === undefined || mediaTypes.fits(record.mediaType)) &&
    (artifactTypes === undefined || artifactTypes.fits(record.artifactType ?? "")) &&
    (platforms.length === 0 || runsOn(record, platforms));
  return {
    ...(names !== undefined && { names }),
    ...(isAboutRecords !== undefined && { fitsRecord }),
  };
}

/** The names that fit one of the globs. Undefined: there are none. Throws FILTER_INVALID. */
export function anyGlob(texts: readonly string[]): NameChoice | undefined {
  if (texts.length === 0) return undefined;
  const globs = texts.map(parseGlob);
  const start = globs.map((glob) => glob.start).reduce(commonStart);
  return { fits: (text) => globs.some((glob) => glob.matches(text)), start };
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

function runsOn({ platforms = [] }: TagRecord, wanted: readonly string[]): boolean {
  return platforms.some((platform) =>
    wanted.some((one) => platform === one || platform.startsWith(`${one}/`)),
  );
}
