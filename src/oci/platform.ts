// Where an image runs, in one word: "linux/amd64", "linux/arm/v7". image-spec, Image
// Index, platform; Image Configuration. Documents can say anything, so what is no such
// word is left out.

/** What Go and those who follow it put there. */
const PART = /^[A-Za-z0-9._+-]{1,32}$/;

/** What stands where there is nothing to say, as for attestations. */
const NOTHING = "unknown";

/** The most platforms that are told of one manifest. */
const MAX_PLATFORMS = 64;

/** Undefined: it does not say, or not so that it could be shown. */
export function platformText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { os, architecture, variant } = value as Readonly<Record<string, unknown>>;
  if (!isPart(os) || !isPart(architecture)) return undefined;
  return isPart(variant) ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** Each of them once, in their order. Undefined: there are none. */
export function platformList(found: readonly (string | undefined)[]): readonly string[] | undefined {
  const platforms = [...new Set(found)].filter((platform) => platform !== undefined).slice(0, MAX_PLATFORMS);
  return platforms.length === 0 ? undefined : platforms;
}

function isPart(value: unknown): value is string {
  return typeof value === "string" && value !== NOTHING && PART.test(value);
}
