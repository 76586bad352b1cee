import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { stowageHere } from "./cli.ts";
import { serveFake, unauthorized } from "./fake-service.ts";

/** Asks a registry who we are; returns the Authorization header that came there. */
async function authorizationOf(args: readonly string[], environment: Readonly<Record<string, string>>) {
  let seen: string | null | undefined;
  await using server = await serveFake(AuthService, {
    getIdentity: (_request, { requestHeader }) => {
      seen = requestHeader.get("authorization");
      return { principal: "user:alice" };
    },
  });
  const result = await stowageHere(["auth", "whoami", ...args, "--server", server.url], { environment });
  return { ...result, seen };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("credentials come from the first place that has them", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const [token, password] = [join(directory, "token"), join(directory, "password")];
  await writeFile(token, "stow_file\n");
  await writeFile(password, " pass word \n");
  const user = { STOWAGE_USER: "alice" };
  const all = { ...user, STOWAGE_PASSWORD: "x", STOWAGE_TOKEN: "stow_variable", STOWAGE_TOKEN_FILE: token };
  const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>, string | null])[] = [
    [[], {}, null],
    [[], { STOWAGE_TOKEN: "", STOWAGE_USER: "", STOWAGE_PASSWORD: "x" }, null],
    [["--token-file", token], all, "Bearer stow_file"],
    [[], all, "Bearer stow_variable"],
    [[], { ...all, STOWAGE_TOKEN: "" }, "Bearer stow_file"],
    [[], { ...user, STOWAGE_PASSWORD: "päss:wörd" }, basic("alice:päss:wörd")],
    [[], { ...user, STOWAGE_PASSWORD_FILE: password }, basic("alice: pass word ")],
  ];
  for (const [args, environment, expected] of cases) {
    const { code, stderr, seen } = await authorizationOf(args, environment);
    assert.equal(code, 0, stderr);
    assert.equal(seen, expected, JSON.stringify([args, environment]));
  }
});

// Nothing is asked, and nothing that may be secret is repeated.
const WRONG: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>, RegExp])[] = [
  [
    "a token with spaces",
    [],
    { STOWAGE_TOKEN: "my secret" },
    /^stowage: \$STOWAGE_TOKEN: this is no token$/m,
  ],
  [
    "a token file that is missing",
    ["--token-file", "/nowhere/secret"],
    {},
    /cannot read .*: there is no such file/,
  ],
  [
    "a user without a password",
    [],
    { STOWAGE_USER: "alice" },
    /neither \$STOWAGE_PASSWORD nor \$STOWAGE_PASSWORD_FILE/,
  ],
  [
    "a user name with a colon",
    [],
    { STOWAGE_USER: "a:b", STOWAGE_PASSWORD: "secret" },
    /user name has neither/,
  ],
  [
    "a password of two lines",
    [],
    { STOWAGE_USER: "a", STOWAGE_PASSWORD: "se\ncret" },
    /a password is one line/,
  ],
  [
    "a password in the URL",
    ["--server", "https://alice:secret@r.internal"],
    {},
    /the URL of r\.internal has a user name/,
  ],
  ["a certificate without https", ["--ca", "ca.pem"], {}, /--ca: this is for a registry with https/],
  [
    "a certificate without a key",
    ["--server", "https://r", "--cert", "c"],
    {},
    /--cert and --key go together/,
  ],
  [
    "an authority that is missing",
    ["--server", "https://r"],
    { STOWAGE_CA: "/nowhere/ca" },
    /--ca: cannot read/,
  ],
  [
    "an authority that is none",
    ["--server", "https://r", "--ca", import.meta.filename],
    {},
    /no CERTIFICATE in PEM form/,
  ],
  [
    "a token to another machine without TLS",
    ["--server", "r.internal"],
    { STOWAGE_TOKEN: "secret" },
    /not sent to another machine without TLS[\s\S]*ask https:\/\/r\.internal\n[\s\S]*--allow-plaintext/,
  ],
];
for (const [what, args, environment, expected] of WRONG) {
  test(`${what} is refused with code 2`, async () => {
    const { code, stdout, stderr } = await stowageHere(["auth", "whoami", ...args], { environment });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr.replace("/nowhere/secret", ""), /se\s?cret/);
  });
}

test("who allows it may send credentials without TLS, and without credentials nothing has to be allowed", async () => {
  // Nobody has a name under .invalid: what fails is the way there.
  const server = ["--server", "http://registry.invalid:1"];
  const token = { STOWAGE_TOKEN: "stow_x" };
  for (const [args, environment] of [
    [["--allow-plaintext"], token],
    [[], { ...token, STOWAGE_ALLOW_PLAINTEXT: "true" }],
    [[], {}],
  ] as const) {
    const { code, stderr } = await stowageHere(["auth", "whoami", ...server, ...args], { environment });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^stowage: http:\/\/registry\.invalid:1: /);
  }
});

/** What is said when the registry throws. */
async function refusal(error: Error, environment: Readonly<Record<string, string>> = {}) {
  await using server = await serveFake(AuthService, {
    getIdentity: () => {
      throw error;
    },
  });
  const { code, stderr } = await stowageHere(["auth", "whoami", "--server", server.url], { environment });
  assert.equal(code, 1);
  return stderr.replace(server.url, "URL");
}

test("who shows nothing is told what to show", async () => {
  assert.equal(
    await refusal(unauthorized("authentication required")),
    "stowage: URL: authentication required; set $STOWAGE_TOKEN or --token-file to an access token, or $STOWAGE_USER and $STOWAGE_PASSWORD\n",
  );
});

test("who shows something wrong is told what it was, and not its secret", async () => {
  assert.equal(
    await refusal(unauthorized("the token is not valid here"), { STOWAGE_TOKEN: "stow_secret" }),
    'stowage: URL: the registry does not accept the credentials ($STOWAGE_TOKEN): the token is not valid here; "stowage tokens create" makes a new token\n',
  );
  const user = { STOWAGE_USER: "alice", STOWAGE_PASSWORD: "secret" };
  assert.equal(
    await refusal(unauthorized("the user name or the password is wrong"), user),
    "stowage: URL: the registry does not accept the credentials (user alice of $STOWAGE_USER): the user name or the password is wrong\n",
  );
});

test("who is denied something is told who was denied what, and how to learn why", async () => {
  const metadata = { principal: "oidc:github:repo:acme/app", scope: "repository:acme/app:pull,push" };
  const message = "requested access to the resource is denied: oidc:github asks for …";
  const text = await refusal(toConnectError(new RegistryError("DENIED", metadata, { message })));
  assert.deepEqual(text.trimEnd().split("\n"), [
    `stowage: URL: ${message}`,
    "  stowage auth whoami   tells what these credentials allow",
    "  stowage auth explain oidc:github:repo:acme/app pull acme/app   tells the rule",
    "  stowage auth explain oidc:github:repo:acme/app push acme/app   tells the rule",
  ]);
});

test("what a server says of a denial can neither move the cursor nor put words into a shell's mouth", async () => {
  const metadata = { principal: "user:a'; rm -rf ~; '\u001b[2J", scope: "repository:$(x):pull,$(y)" };
  const text = await refusal(
    toConnectError(new RegistryError("DENIED", metadata, { message: "no\u001b[2J" })),
  );
  assert.deepEqual(text.trimEnd().split("\n"), [
    "stowage: URL: no?[2J",
    "  stowage auth whoami   tells what these credentials allow",
    "  stowage auth explain 'user:a'\\''; rm -rf ~; '\\''?[2J' pull '$(x)'   tells the rule",
  ]);
});

test("who asks too often is told when to come again", async () => {
  const error = new RegistryError("TOOMANYREQUESTS", { retry_after: "7" }, { message: "slow down" });
  assert.equal(await refusal(toConnectError(error)), "stowage: URL: slow down; try again in 7 s\n");
});
