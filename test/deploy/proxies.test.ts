// The files of deploy/ and docs/proxies.md: each proxy that is installed, with its file as it stands but for names,
// paths and ports, in front of a registry that people push to and pull from.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:http2";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { UploadService, type WriteUploadRequestSchema } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { Authority } from "../support/certificates.ts";
import { ContainerTools } from "../support/container-tools.ts";
import { eventually } from "../support/eventually.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { freePort } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { ARRANGEMENTS, type Stoppable } from "./arrangements.ts";
import { type Changes, PASSWORD, startRegistry } from "./deployed.ts";
import { TlsClient } from "./tls-client.ts";

/** Neither the proxy's address nor the registry's. */
const CLIENT = "127.0.0.9";
const AUTHORIZATION = `Basic ${Buffer.from(`alice:${PASSWORD}`).toString("base64")}`;
/** What somebody says who wants to be taken for somebody else. */
const FORGED = {
  forwarded: "for=203.0.113.7;host=evil.example.com;proto=http",
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-host": "evil.example.com",
  "x-forwarded-port": "81",
} as const;
const MIB = 1024 * 1024;

for (const arrangement of ARRANGEMENTS)
  suite(`behind ${arrangement.name}`, { skip: lacking(...arrangement.needs, "openssl") }, () => {
    let directory: string;
    let host: string;
    let ca: string;
    let anybody: TlsClient;
    let alice: TlsClient;
    const stops: Stoppable[] = [];

    before(async () => {
      directory = await makeTemporaryDirectory();
      const authority = await Authority.make(directory);
      ca = await authority.text();
      const server = await authority.issue({ subject: "/CN=localhost", names: "DNS:localhost,IP:127.0.0.1" });
      const [port, registryPort] = [await freePort(), await freePort()];
      host = `localhost:${port}`;
      const changes: Changes = {
        [arrangement.address]: `127.0.0.1:${registryPort}`,
        ...(arrangement.ownsCertificate && {
          "/etc/stowage/tls.crt": server.certificate,
          "/etc/stowage/tls.key": server.key,
        }),
      };
      const { config } = arrangement;
      stops.push(await startRegistry({ directory, config, changes, port: registryPort }));
      stops.push(await arrangement.start({ directory, port, registryPort, server }));
      anybody = new TlsClient({ host, ca, address: CLIENT });
      alice = new TlsClient({ host, ca, address: CLIENT, headers: { authorization: AUTHORIZATION } });
    });
    after(async () => {
      for (const { stop } of stops.reverse().map((one) => ({ stop: () => one.stop() }))) await stop();
      await removeTemporaryDirectory(directory);
    });

    test("who may not push is sent to the token endpoint under the proxy's address", async () => {
      const { headers } = await anybody.expect(401, { method: "POST", path: "/v2/team/app/blobs/uploads/" });
      const [, realm] = /realm="([^"]+)"/.exec(headers["www-authenticate"] ?? "") ?? [];
      assert.equal(realm, `https://${host}/auth/token`);
      const path = "/auth/token?service=stowage&scope=repository:team/app:pull,push";
      const { body } = await alice.expect(200, { method: "GET", path });
      const { token } = JSON.parse(body.toString());
      const bearer = new TlsClient({
        host,
        ca,
        address: CLIENT,
        headers: { authorization: `Bearer ${token}` },
      });
      await bearer.expect(202, { method: "POST", path: "/v2/team/app/blobs/uploads/" });
    });

    test("the event of a push has the client's address, host and scheme, whatever the client says", async () => {
      const content = Buffer.from(`a blob behind ${arrangement.name}`);
      const path = `/v2/team/blob/blobs/uploads/?digest=${digestOf(content)}`;
      const { headers } = await alice.expect(201, { method: "POST", path, headers: FORGED, body: content });
      const { body } = await anybody.expect(200, { method: "GET", path: pathOf(headers.location) });
      assert.deepEqual(body, content);
      const found = await events("team/blob");
      const pushed = found.find(({ blobPushed }) => blobPushed !== undefined);
      const { address, host: asked, scheme } = pushed?.request ?? {};
      const [ip] = (address ?? "").split(":");
      assert.deepEqual({ ip, asked, scheme }, { ip: CLIENT, asked: host, scheme: "https" });
      assert.equal(pushed?.actor?.name, "alice");
      assert.equal(new URL(pushed?.url ?? "").origin, `https://${host}`);
    });

    test("100 MB go through as they come, in both directions", async () => {
      const { headers } = await alice.expect(202, { method: "POST", path: "/v2/team/large/blobs/uploads/" });
      const session = pathOf(headers.location);
      const hash = createHash("sha256");
      async function* slowly(): AsyncGenerator<Uint8Array> {
        for (let sent = 0; sent < 100; sent += 1) {
          const chunk = Buffer.alloc(MIB, sent);
          hash.update(chunk);
          yield chunk;
          // With a proxy that collects the body first nothing would be there yet.
          if (sent === 15) await eventually("the first bytes", () => hasBytes(session));
        }
      }
      const patched = await alice.expect(202, { method: "PATCH", path: session, body: slowly() });
      const digest = `sha256:${hash.digest("hex")}`;
      const next = pathOf(patched.headers.location);
      const done = await alice.expect(201, {
        method: "PUT",
        path: `${next}${next.includes("?") ? "&" : "?"}digest=${digest}`,
      });
      const { body } = await anybody.expect(200, { method: "GET", path: pathOf(done.headers.location) });
      assert.equal(digestOf(body), digest);
    });

    test("a large layer goes through in one PUT with its length", async () => {
      const content = Buffer.alloc(32 * MIB, 7);
      const { headers } = await alice.expect(202, { method: "POST", path: "/v2/team/large/blobs/uploads/" });
      const path = `${pathOf(headers.location)}?digest=${digestOf(content)}`;
      await alice.expect(201, { method: "PUT", path, body: content });
    });

    test("HTTP/2 is spoken", async () => {
      const session = connect(`https://127.0.0.1:${host.split(":")[1]}`, { ca });
      try {
        const stream = session.request({ ":path": "/v2/", authorization: AUTHORIZATION });
        const status = await new Promise<unknown>((resolve, reject) => {
          stream.on("response", (headers) => resolve(headers[":status"]));
          stream.on("error", reject);
          session.on("error", reject);
        });
        stream.close();
        assert.equal(status, 200);
      } finally {
        session.close();
      }
    });

    const protocols = [
      ["gRPC", () => createGrpcTransport(transportOptions())],
      ["gRPC-Web", () => createGrpcWebTransport({ ...transportOptions(), httpVersion: "1.1" })],
      ["Connect", () => createConnectTransport({ ...transportOptions(), httpVersion: "1.1" })],
    ] as const;
    for (const [protocol, transport] of protocols)
      test(`${protocol} is understood, in both directions, and knows the client`, async () => {
        const headers = { authorization: AUTHORIZATION, ...FORGED };
        const repository = `team/${protocol.toLowerCase()}`;
        const uploads = createClient(UploadService, transport());
        const { upload } = await uploads.createUpload({ repository }, { headers });
        const content = Buffer.alloc(3 * MIB, protocol);
        const parts = partsOf({ repository, uploadId: upload?.uploadId ?? "", content });
        const { descriptor } = await uploads.writeUpload(parts, { headers });
        assert.equal(descriptor?.digest, digestOf(content));
        const [created] = await events(repository);
        assert.equal(created?.request?.address?.split(":")[0], CLIENT);
        assert.equal(created?.request?.host, host);
      });

    for (const [protocol, transport] of protocols)
      test(`a stream's first message comes at once over ${protocol}`, async () => {
        const ended = new AbortController();
        const options = { headers: { authorization: AUTHORIZATION }, signal: ended.signal };
        const stream = createClient(EventService, transport()).subscribe({}, options);
        const { value } = await stream[Symbol.asyncIterator]().next();
        assert.equal(value?.message.case, "ready");
        ended.abort();
      });

    test("skopeo copies an image there and back", {
      skip: lacking("root", "unshare", "skopeo"),
    }, async () => {
      const [own, certificates] = [join(directory, "tools"), join(directory, "skopeo-certificates")];
      for (const path of [own, certificates, join(directory, "layout"), join(directory, "back")])
        await mkdir(path);
      await writeFile(join(certificates, "ca.crt"), ca);
      const tools = await ContainerTools.create(own);
      const layout = await ImageLayout.create(join(directory, "layout"));
      const { manifest } = await layout.addImage({ tag: "v1", seed: arrangement.name, layers: 2 });
      const image = `docker://${host}/team/skopeo:v1`;
      const credentials = `alice:${PASSWORD}`;
      await tools.skopeo(
        ...["copy", "--dest-cert-dir", certificates, "--dest-creds", credentials],
        ...[`oci:${layout.directory}:v1`, image],
      );
      await tools.skopeo("copy", "--src-cert-dir", certificates, image, `oci:${join(directory, "back")}:v1`);
      const raw = await tools.skopeo("inspect", "--cert-dir", certificates, "--raw", image);
      assert.equal(digestOf(Buffer.from(raw.stdout)), manifest.digest);
    });

    function transportOptions() {
      return { baseUrl: `https://${host}`, nodeOptions: { ca, family: 4, localAddress: CLIENT } } as const;
    }

    async function events(repository: string): Promise<readonly ShownEvent[]> {
      const body = Buffer.from(JSON.stringify({ filter: { repositories: [repository] } }));
      const path = "/stowage.v1.EventService/ListEvents";
      const answer = await alice.expect(200, {
        method: "POST",
        path,
        headers: { "content-type": "application/json" },
        body,
      });
      return JSON.parse(answer.body.toString()).events;
    }

    async function hasBytes(session: string): Promise<true | undefined> {
      const { status, headers } = await alice.call({ method: "GET", path: session });
      const [, last] = /^0-(\d+)$/.exec(String(headers.range ?? "")) ?? [];
      return status === 204 && Number(last) > 0 ? true : undefined;
    }
  });

interface ShownEvent {
  readonly blobPushed?: object;
  readonly url?: string;
  readonly actor?: { readonly name?: string };
  readonly request?: { readonly address?: string; readonly host?: string; readonly scheme?: string };
}

/** The path of a Location, be it relative or not. */
function pathOf(location: string | undefined): string {
  const { pathname, search } = new URL(location ?? "", "https://localhost");
  return pathname + search;
}

/** A whole upload, committed at its end. */
async function* partsOf({
  repository,
  uploadId,
  content,
}: {
  readonly repository: string;
  readonly uploadId: string;
  readonly content: Uint8Array;
}): AsyncGenerator<MessageInitShape<typeof WriteUploadRequestSchema>> {
  const start = { repository, uploadId, commitDigest: digestOf(content) };
  yield { part: { case: "start", value: start } };
  for (let offset = 0; offset < content.length; offset += MIB)
    yield { part: { case: "chunk", value: content.subarray(offset, offset + MIB) } };
}
