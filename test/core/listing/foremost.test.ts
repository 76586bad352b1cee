// The first of many in some order, page by page, against sorting them all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Foremost } from "../../../src/core/listing/foremost.ts";
import { listPage, type Place } from "../../../src/core/listing/place.ts";
import { Random } from "../../support/random.ts";

const byName = (a: Place, b: Place) => (a.name < b.name ? -1 : Number(a.name > b.name));

for (const descending of [false, true])
  for (const limit of [1, 2, 3, 7, 50, 1000])
    test(`pages of ${limit}, ${descending ? "largest" : "smallest"} first, are the whole in its order`, () => {
      const random = new Random(`foremost ${limit}`);
      // Few values: many are alike.
      const places = Array.from({ length: 200 }, (_, index) => ({
        name: `n${random.integer(0, 9)}-${index}`,
        value: random.integer(0, 5),
      }));
      const expected = places.toSorted(
        (a, b) => (descending ? b.value - a.value : a.value - b.value) || byName(a, b),
      );
      const found: Place[] = [];
      for (let after: Place | undefined, pages = 0; ; pages++) {
        assert.ok(pages <= places.length, "no end");
        const first = new Foremost<Place>({ count: limit + 1, descending, after });
        for (const place of places) first.add({ item: place, place });
        const { items, next } = listPage(first.take(), limit);
        assert.ok(items.length <= limit);
        found.push(...items);
        after = next;
        if (after === undefined) break;
      }
      assert.deepEqual(found, expected);
    });

test("where a page begins need not exist", () => {
  const first = new Foremost<string>({ count: 5, descending: true, after: { name: "m", value: 3 } });
  for (const [name, value] of [
    ["a", 4],
    ["a", 3],
    ["z", 3],
    ["a", 2],
  ] as const)
    first.add({ item: `${name}${value}`, place: { name, value } });
  assert.deepEqual(
    first.take().map(({ item }) => item),
    ["z3", "a2"],
  );
});

test("names sort as they are told to", () => {
  const sortedName = (name: string) => name.replaceAll("/", "\x01");
  const first = new Foremost<string>({ count: 3, descending: false, sortedName });
  for (const name of ["a-b", "a/b", "a"]) first.add({ item: name, place: { name, value: 0 } });
  assert.deepEqual(
    first.take().map(({ item }) => item),
    ["a", "a/b", "a-b"],
  );
});
