// Which addresses are one client's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOf } from "../../src/oci/network.ts";

test("IPv4 addresses stand for themselves, however they are written", () => {
  assert.equal(networkOf("192.0.2.1"), "192.0.2.1");
  assert.equal(networkOf("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(networkOf("0:0:0:0:0:FFFF:192.0.2.1"), "192.0.2.1");
  assert.notEqual(networkOf("192.0.2.1"), networkOf("192.0.2.2"));
});

test("IPv6 addresses stand for their network of 64 bits", () => {
  for (const address of [
    "2001:db8:1:2::1",
    "2001:0DB8:0001:0002:ffff:1:2:3",
    "2001:db8:1:2:3::",
    "2001:db8:1:2::192.0.2.1",
  ])
    assert.equal(networkOf(address), networkOf("2001:db8:1:2::"), address);
  assert.equal(networkOf("2001:db8:1:2::"), "2001:db8:1:2::/64");
  assert.equal(networkOf("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(networkOf("2001:db8::1:2:3:4:5"), "2001:db8:0:1::/64");
  assert.equal(networkOf("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.notEqual(networkOf("2001:db8:1:3::1"), networkOf("2001:db8:1:2::1"));
});

test("loopback and clients without an address are apart from others", () => {
  assert.equal(networkOf("::1"), "::1");
  assert.equal(networkOf(undefined), "unix");
});
