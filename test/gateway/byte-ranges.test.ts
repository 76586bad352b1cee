// The Range header, row by row. RFC 9110, 14.1.2.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RangeAnswer, readRange } from "../../gateway/byte-ranges.ts";

const SIZE = 100;
const part = (first: number, last: number) => ({ first, last });

const ROWS: readonly (readonly [header: string, answer: RangeAnswer])[] = [
  ["bytes=0-0", [part(0, 0)]],
  ["bytes=0-99", [part(0, 99)]],
  ["bytes=99-", [part(99, 99)]],
  ["bytes=50-1000", [part(50, 99)]],
  ["bytes=-1", [part(99, 99)]],
  ["bytes=-100", [part(0, 99)]],
  ["bytes=-1000", [part(0, 99)]],
  ["BYTES=1-2", [part(1, 2)]],
  ["bytes=1-2,5-6", [part(1, 2), part(5, 6)]],
  ["bytes=5-6 , 1-2", [part(1, 2), part(5, 6)]],
  ["bytes=, 1-2,,", [part(1, 2)]],
  ["bytes=1-5,3-9", [part(1, 9)]],
  ["bytes=1-5,6-9", [part(1, 9)]],
  ["bytes=1-50,10-20", [part(1, 50)]],
  ["bytes=1-2,100-", [part(1, 2)]],
  ["bytes=0-999999999999999999999999999", [part(0, 99)]],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=100-200,300-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=999999999999999999999999999-", "unsatisfiable"],
  ["bytes=2-1", "whole"],
  ["bytes=1-2,2-1", "whole"],
  ["bytes=-", "whole"],
  ["bytes=", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=1", "whole"],
  ["bytes=1-2-3", "whole"],
  ["bytes=0x1-0x2", "whole"],
  ["bytes=1.5-2", "whole"],
  ["bytes=+1-2", "whole"],
  ["bytes 1-2", "whole"],
  ["bytes= 1 - 2", "whole"],
  ["lines=1-2", "whole"],
  ["", "whole"],
  ["bytes=0-0,2-2,4-4,6-6", [part(0, 0), part(2, 2), part(4, 4), part(6, 6)]],
  ["bytes=0-0,2-2,4-4,6-6,8-8", "whole"],
];

for (const [header, answer] of ROWS)
  test(`of 100 bytes, "${header}" asks for ${JSON.stringify(answer)}`, () =>
    assert.deepEqual(readRange(header, SIZE, 4), answer));

test("any range of nothing is all of it", () => {
  for (const header of ["bytes=0-", "bytes=0-0", "bytes=-5"]) assert.equal(readRange(header, 0, 4), "whole");
});
