// A push in one request tells its size and digest before its bytes: where they do not fit, none of them come.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { GATEWAY_MODES, type GatewayServer, openGatewayServer } from "./gateway-server.ts";
import { hasAnswers, RawConnection } from "./raw-connection.ts";

const SETTINGS = {
  REGISTRY_QUOTAS: JSON.stringify([{ name: "tight", repositories: "tight/**", bytes: 20 }]),
};
const KNOWN = Buffer.from("eighteen bytes is.");
const MORE = Buffer.from("three");

for (const mode of GATEWAY_MODES) {
  describe(`quotas, ${mode}`, () => {
    let server: GatewayServer;
    let caller: HttpCaller;

    before(async () => {
      server = await openGatewayServer({ mode, settings: SETTINGS });
      caller = new HttpCaller(server.host);
      const path = `/v2/tight/a/blobs/uploads/?digest=${digestOf(KNOWN)}`;
      await caller.expect([201], { method: "POST", path, body: KNOWN });
    });

    after(async () => {
      caller.close();
      await server.close();
      assert.deepEqual(server.logged, [], "nothing of this is the registry's fault");
    });

    const digest = digestOf(MORE);
    for (const query of [`digest=${digest}`, `mount=${digest}&from=tight/b&digest=${digest}`]) {
      test(`POST with ${query.replaceAll(digest, "…")}: who waits with too much is not asked for it`, async () => {
        const connection = await RawConnection.open(server.port);
        const headers = { "Content-Length": MORE.length, Expect: "100-continue" };
        connection.head(`POST /v2/tight/a/blobs/uploads/?${query}`, headers);
        await connection.until((text) => hasAnswers(text, 1) || text.includes(" 100 "));
        assert.match(connection.received, /^HTTP\/1\.1 403 /);
        assert.match(connection.received, /"used":"18","requested":"5","unit":"bytes"/);
        assert.equal(await server.openUploads("tight/a"), 0);
        connection.destroy();
      });
    }

    test("what the repository has takes nothing, however large it is", async () => {
      const path = `/v2/tight/a/blobs/uploads/?digest=${digestOf(KNOWN)}`;
      await caller.expect([201], { method: "POST", path, body: KNOWN });
    });
  });
}
