// What a script printed, and the part of it that a page shows.
import assert from "node:assert/strict";

/** Digests are cut on pages; times, ages and counts of what happened before are whatever they were. */
function lines(text: string): readonly string[] {
  return text
    .replace(/^# .*\n/, "")
    .replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, "$1…")
    .replaceAll(/(?:now|\d+ \w+ ago) \(/g, "AGE (")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME")
    .replaceAll(/\d{8}T\d{9}Z/g, "TIME")
    .replaceAll(/event \d+|\d+ rows|[\d.]+ % hits/g, "COUNT")
    .split("\n")
    .map((line) => line.trim().replaceAll(/ {2,}/g, "  "))
    .filter((line) => line !== "");
}

/** Fails unless a script printed first what the sample shows, a named block of a page. What goes together comes in any order. */
export function showsWhat(printed: string, sample: string): void {
  const expected = lines(sample);
  assert.ok(expected.length > 0);
  assert.deepEqual(lines(printed).slice(0, expected.length).toSorted(), expected.toSorted(), printed);
}
