// What each caller gets to see: of the repositories that are not theirs, not even the
// names, wherever names are listed, told or could be found out by asking.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService, RepositoryOrder } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../../src/gen/stowage/v1/usage_service_pb.ts";
import {
  ask,
  basic,
  bearer,
  by,
  codeOf,
  type Fortress,
  fetchToken,
  openFortress,
  type Pushed,
  push,
} from "./fortress.ts";

const ALL = ["acme/app", "acme/other", "bob/y", "public/x", "secret/a", "secret/x", "secret/z"];

/** All repositories have it together: its use tells of all of them. */
const SHARED = { name: "shared", repositories: "**", scope: "together", bytes: "1GiB" };

interface Viewer {
  readonly sees: readonly string[];
  readonly authorization: () => Promise<string | undefined> | string | undefined;
}

let fortress: Fortress;
let secret: Pushed;
let app: Pushed;

const VIEWERS: Readonly<Record<string, Viewer>> = {
  "somebody anonymous": { sees: ["public/x"], authorization: () => undefined },
  bob: { sees: ["bob/y", "public/x"], authorization: () => basic("bob") },
  alice: { sees: ["acme/app", "acme/other", "public/x"], authorization: () => basic("alice") },
  "alice's token for lists and events": {
    sees: ["acme/app", "acme/other", "public/x"],
    authorization: async () =>
      bearer(await fetchToken(fortress.host, "registry:catalog:* registry:events:*", basic("alice"))),
  },
  "alice's access token for one repository": {
    sees: ["acme/other"],
    authorization: async () => {
      const request = { description: "narrow", scopes: ["repository:acme/other:pull"] };
      return bearer((await auth().createAccessToken(request, by(basic("alice")))).token);
    },
  },
  "a robot with scopes": { sees: ["acme/app"], authorization: () => basic("ci") },
  root: { sees: ALL, authorization: () => basic("root") },
};

const transport = () => createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
const auth = () => createClient(AuthService, transport());
const events = () => createClient(EventService, transport());
const manifests = () => createClient(ManifestService, transport());
const usage = () => createClient(UsageService, transport());
const uploads = () => createClient(UploadService, transport());
const blobs = () => createClient(BlobService, transport());

before(async () => {
  fortress = await openFortress({ settings: { REGISTRY_QUOTAS: JSON.stringify([SHARED]) } });
  for (const repository of ALL) {
    const pushed = await push(fortress.host, { repository, tag: "v1", text: `in ${repository}` });
    if (repository === "secret/x") secret = pushed;
    if (repository === "acme/app") app = pushed;
  }
  const mounted = { repository: "acme/app", fromRepository: "secret/x", digest: secret.blob };
  await blobs().mountBlob(mounted, by(basic("root")));
  await push(fortress.host, { repository: "secret/x", tag: "about-acme", text: "referrer", subject: app });
});

after(() => fortress[Symbol.asyncDispose]());

/** Fails when the text names a repository that is not to be seen. */
function assertNamesOnly(text: string, sees: readonly string[]): void {
  for (const name of ALL.filter((one) => !sees.includes(one)))
    for (const form of [name, encodeURIComponent(name), Buffer.from(name).toString("base64url").slice(0, -1)])
      assert.ok(!text.includes(form), `${name} is named in ${text.slice(0, 500)}`);
}

for (const [viewer, { sees, authorization: prove }] of Object.entries(VIEWERS))
  suite(viewer, () => {
    let authorization: string | undefined;

    before(async () => {
      authorization = await prove();
    });

    test("finds in the catalog what may be seen, in pages that name nothing else", async () => {
      for (const n of [1, 2, 100]) {
        const found: string[] = [];
        let path: string | undefined = `/v2/_catalog?n=${n}`;
        while (path !== undefined) {
          const answer = await ask(fortress.host, { path, authorization });
          assert.equal(answer.status, 200, answer.body.toString());
          const link = answer.headers.link;
          assertNamesOnly(`${answer.body} ${String(link ?? "")}`, sees);
          found.push(...JSON.parse(answer.body.toString()).repositories);
          path = /<([^>]+)>/.exec(String(link ?? ""))?.[1];
        }
        assert.deepEqual(found, sees);
      }
    });

    test("does not find more by where a page begins", async () => {
      for (const last of ["secret", "secret/a", "secret/w", "a", "zzz", "secret/x%00"]) {
        const { body, headers } = await ask(fortress.host, {
          path: `/v2/_catalog?n=1&last=${last}`,
          authorization,
        });
        assertNamesOnly(`${body} ${String(headers.link ?? "")}`, sees);
      }
    });

    test("finds the same by RPC, with page tokens that name nothing else", async () => {
      const found: string[] = [];
      let pageToken = "";
      do {
        const page = await manifests().listRepositories({ pageSize: 1, pageToken }, by(authorization));
        found.push(...page.repositories.map(({ name }) => name));
        pageToken = page.nextPageToken;
        assertNamesOnly(`${pageToken} ${Buffer.from(pageToken, "base64url")}`, sees);
      } while (pageToken !== "");
      assert.deepEqual(found, sees);
    });

    test("finds the same in every order, by pages whose tokens name nothing else", async () => {
      const orders = Object.values(RepositoryOrder).filter((order) => typeof order === "number");
      for (const order of orders)
        for (const descending of [false, true]) {
          const found: string[] = [];
          let pageToken = "";
          do {
            const list = { pageSize: 1, pageToken, order, descending, details: true };
            const page = await manifests().listRepositories(list, by(authorization));
            found.push(...page.repositories.map(({ name }) => name));
            pageToken = page.nextPageToken;
            assertNamesOnly(`${pageToken} ${Buffer.from(pageToken, "base64url")}`, sees);
          } while (pageToken !== "");
          assert.deepEqual(found.sort(), [...sees].sort());
        }
    });

    test("is told the usage of these repositories alone, and of what lies below a path only as root", async () => {
      for (const repository of [...ALL, "secret/none"]) {
        const told = usage().getUsage(
          { scope: { case: "repository", value: repository } },
          by(authorization),
        );
        const isSeen = sees.includes(repository);
        // An access token may pull; tokens for lists may not.
        if (isSeen && viewer !== "alice's token for lists and events")
          assert.equal((await told).usage?.tags, repository === "secret/x" ? 2n : 1n);
        else assert.equal(await codeOf(told), viewer === "root" ? Code.NotFound : await refusal(told));
      }
      for (const scope of [{ case: undefined }, { case: "path", value: "public" }] as const) {
        const told = usage().getUsage({ scope }, by(authorization));
        if (viewer === "root") assert.ok((await told).usage);
        else assert.ok([Code.PermissionDenied, Code.Unauthenticated].includes(await refusal(told)));
      }
    });

    test("is told the events of these repositories, and who is nobody of none", async () => {
      const told = events().listEvents({ pageSize: 1000 }, by(authorization));
      if (authorization === undefined) {
        assert.equal(await codeOf(told), Code.Unauthenticated);
        return;
      }
      const { events: found } = await told;
      assert.deepEqual([...new Set(found.map(({ repository }) => repository))].sort(), sees);
      assertNamesOnly(jsonOf(found), sees);
    });

    test("follows the events of these repositories, and the state that they begin with", async () => {
      for (const start of ["fromStart", "fromSnapshot"] as const) {
        if (authorization === undefined) break;
        const found: unknown[] = [];
        const names = new Set<string>();
        const { events: listed } = await events().listEvents({ pageSize: 1000 }, by(authorization));
        const end = listed.at(-1)?.cursor;
        const stream = events().subscribe({ start: { case: start, value: {} } }, by(authorization));
        for await (const { message } of stream) {
          found.push(message);
          if (message.case === "event" || message.case === "snapshotItem")
            names.add(message.value.repository);
          if (message.case === "snapshotEnd") break;
          if (message.case === "event" && message.value.cursor === end) break;
        }
        assert.deepEqual([...names].sort(), sees);
        assertNamesOnly(jsonOf(found), sees);
      }
    });

    test("cannot tell a repository that is hidden from one that does not exist", async () => {
      for (const tail of [
        "tags/list",
        "manifests/v1",
        `blobs/${secret.blob}`,
        `referrers/${secret.digest}`,
      ]) {
        const answers = await Promise.all(
          ["secret/x", "secret/0"].map(async (name) => {
            const answer = await ask(fortress.host, { path: `/v2/${name}/${tail}`, authorization });
            const { date: _now, "x-request-id": _id, ...headers } = answer.headers;
            const text = JSON.stringify({ status: answer.status, headers, body: answer.body.toString() });
            return text.replaceAll("secret/0", "secret/x");
          }),
        );
        if (!sees.includes("secret/x")) assert.equal(answers[0], answers[1]);
        else if (tail !== `referrers/${secret.digest}`) assert.notEqual(answers[0], answers[1]);
      }
    });

    test("may list the uploads of repositories to push to, and of all only as administrator", async () => {
      const isRoot = viewer === "root";
      const refused = authorization === undefined ? Code.Unauthenticated : Code.PermissionDenied;
      for (const repository of ["secret/x", undefined]) {
        const request = repository === undefined ? {} : { repository };
        const code = await codeOf(uploads().listUploads(request, by(authorization)));
        assert.equal(code, isRoot ? "answered" : refused);
      }
    });

    test("sees webhooks only as administrator", async () => {
      const client = createClient(NotificationService, transport());
      const calls = [
        client.listWebhooks({}, by(authorization)),
        client.getWebhook({ name: "x" }, by(authorization)),
        client.listDeliveries({ name: "x" }, by(authorization)),
        client.listDeadLetters({ name: "x" }, by(authorization)),
      ];
      for (const call of calls) {
        const code = await codeOf(call);
        if (viewer === "root") assert.ok(code === "answered" || code === Code.NotFound, String(code));
        else assert.equal(code, authorization === undefined ? Code.Unauthenticated : Code.PermissionDenied);
      }
    });
  });

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === "bigint" ? String(member) : member,
  );
}

/** How it was refused: not for want of a repository. */
async function refusal(told: Promise<unknown>): Promise<Code> {
  const code = await codeOf(told);
  assert.ok(code === Code.PermissionDenied || code === Code.Unauthenticated, String(code));
  return code;
}

test("what others use of a shared quota is told to who may push, and so shares it", async () => {
  const told = async (repository: string, authorization: string | undefined) => {
    const scope = { case: "repository", value: repository } as const;
    const { quotas } = await usage().getUsage({ scope }, by(authorization));
    assert.equal(quotas[0]?.maxBytes, 2n ** 30n);
    return quotas[0].bytes;
  };
  const { usage: all } = await usage().getUsage({}, by(basic("root")));
  assert.equal(await told("bob/y", basic("bob")), all?.bytes);
  assert.equal(await told("secret/x", basic("root")), all?.bytes);
  assert.equal(await told("public/x", basic("bob")), undefined);
  assert.equal(await told("public/x", undefined), undefined);
  const request = { description: "reads", scopes: ["repository:bob/y:pull"] };
  const { token } = await auth().createAccessToken(request, by(basic("bob")));
  assert.equal(await told("bob/y", bearer(token)), undefined);
});
