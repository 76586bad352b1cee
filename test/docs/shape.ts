// What an example and the real thing must have in common: the members and what
// kind of value each has, whatever the values are.

const FORMS: readonly (readonly [string, RegExp])[] = [
  ["digest", /^sha256:[0-9a-f]{64}$/],
  ["uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ["time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/],
  ["url", /^https?:\/\/[^/]+\/v2\//],
  ["number in a string", /^\d+$/],
  ["event type", /^dev\.stowage\.[a-z.]+\.v1$/],
];

/** The value with every string, number and truth value replaced by what it is; of lists, what stands in them. */
export function shapeOf(value: unknown): unknown {
  if (typeof value === "string")
    return FORMS.find(([, form]) => form.test(value))?.[0] ?? (value === "" ? "" : "text");
  if (Array.isArray(value)) return [...new Set(value.map((entry) => JSON.stringify(shapeOf(entry))))].sort();
  if (typeof value !== "object" || value === null) return typeof value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, shapeOf(member)]);
  return Object.fromEntries(members.sort(([one], [other]) => (one < other ? -1 : 1)));
}
