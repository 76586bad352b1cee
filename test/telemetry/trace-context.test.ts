// traceparent and tracestate. W3C Trace Context, 3.2 and 3.3.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readTraceContext, traceHeaders, unrecorded } from "../../src/telemetry/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const SAMPLED = { traceId: TRACE, spanId: SPAN, isSampled: true };

describe("a trace's context", () => {
  const readable = [
    { what: "sampled", traceparent: `00-${TRACE}-${SPAN}-01`, context: SAMPLED },
    { what: "not sampled", traceparent: `00-${TRACE}-${SPAN}-00`, context: { ...SAMPLED, isSampled: false } },
    { what: "with flags of later versions", traceparent: `00-${TRACE}-${SPAN}-03`, context: SAMPLED },
    {
      what: "of a later version that says more",
      traceparent: `cc-${TRACE}-${SPAN}-01-more`,
      context: SAMPLED,
    },
  ];
  for (const { what, traceparent, context } of readable)
    it(`is read, ${what}`, () => assert.deepEqual(readTraceContext({ traceparent }), context));

  const unreadable = [
    "",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
  ];
  for (const traceparent of unreadable)
    it(`is absent for ${JSON.stringify(traceparent)}`, () =>
      assert.equal(readTraceContext({ traceparent }), undefined));

  it("takes a tracestate along, unless it is too long", () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`;
    assert.equal(readTraceContext({ traceparent, tracestate: "a=1,b=2" })?.state, "a=1,b=2");
    assert.equal(readTraceContext({ traceparent, tracestate: `a=${"1".repeat(511)}` })?.state, undefined);
  });

  it("is written as it was read", () => {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1" };
    const context = readTraceContext(headers);
    assert.ok(context);
    assert.deepEqual(traceHeaders(context), headers);
  });

  it("that nobody records is a caller's own, or a new one that can be read", () => {
    assert.deepEqual(unrecorded({ ...SAMPLED, state: "a=1" }), {
      ...SAMPLED,
      isSampled: false,
      state: "a=1",
    });
    const [one, other] = [unrecorded(undefined), unrecorded(undefined)];
    assert.notEqual(one.traceId, other.traceId);
    assert.deepEqual(readTraceContext(traceHeaders(one)), one);
  });
});
