// What Go's "omitempty" and protobuf's JSON agree on: an empty member is left out.

/** A JSON object, its members in the order they are printed in. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A copy without the members that are undefined, "", 0 or an empty list. An empty object stays. */
export function omitEmpty(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || (Array.isArray(value) && value.length === 0);
}
