// Manifests that are nearly right: one or more places of a right one are replaced.
import type { Random } from "../support/random.ts";

const DEEP = 5000;

/** Values that a place may get instead. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  "",
  "x",
  "\u0000",
  "\ud800",
  "sha256:00",
  "a".repeat(100_000),
  [],
  {},
  [[]],
  [null],
  { mediaType: 1 },
  { digest: "sha256:zz", size: "1" },
];

/** The bytes of a fuzzed manifest. */
export function fuzzManifest(random: Random, right: Buffer): Buffer {
  const steps = [
    () => Buffer.from(JSON.stringify(replaceSomewhere(random, JSON.parse(right.toString())))),
    () =>
      Buffer.from(
        JSON.stringify(replaceSomewhere(random, replaceSomewhere(random, JSON.parse(right.toString())))),
      ),
    () => flipBytes(random, right),
    () => right.subarray(0, random.integer(0, right.length)),
    () => Buffer.from(insertText(random, right.toString())),
    () => random.bytes(random.integer(0, 300)),
  ];
  return random.pick(steps)();
}

function replaceSomewhere(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.15)) return random.pick(ODD);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.length === 0 || random.chance(0.1))
      return Array.from({ length: random.pick([1, 100, 3000]) }, () => items[0] ?? 1);
    const at = random.integer(0, items.length - 1);
    return items.map((item, index) => (index === at ? replaceSomewhere(random, item) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || random.chance(0.1))
    return {
      ...value,
      [random.pick([
        "subject",
        "manifests",
        "layers",
        "config",
        "annotations",
        "artifactType",
        "urls",
        "data",
      ])]: random.pick(ODD),
    };
  const at = random.integer(0, entries.length - 1);
  if (random.chance(0.1)) return Object.fromEntries(entries.filter((_, index) => index !== at));
  return Object.fromEntries(
    entries.map(([name, member], index) => [name, index === at ? replaceSomewhere(random, member) : member]),
  );
}

function flipBytes(random: Random, right: Buffer): Buffer {
  const flipped = Buffer.from(right);
  for (let count = random.integer(1, 5); count > 0; count--)
    flipped[random.integer(0, flipped.length - 1)] = random.integer(0, 255);
  return flipped;
}

function insertText(random: Random, right: string): string {
  const at = random.integer(0, right.length);
  const text = random.pick([
    "[".repeat(DEEP),
    `{"a":`.repeat(DEEP),
    "1e999",
    "9".repeat(400),
    '"__proto__":{},',
    "\ufeff",
    ",",
    "\u2028",
    '"layers":[],',
    "// x",
  ]);
  return right.slice(0, at) + text + right.slice(at);
}
