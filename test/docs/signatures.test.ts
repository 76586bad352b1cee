// The functions on docs/events.md that verify a signature take what the registry
// signs, and nothing that was changed, is old, or was signed by somebody else.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { composeMessage } from "../../src/notify/message.ts";
import { signatureHeaders } from "../../src/notify/signature.ts";
import { FACTS, sampleEvent } from "../notify/sample-events.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";
import { Workshop } from "./workshop.ts";

/** One delivery as a receiver has it. */
interface Case {
  readonly what: string;
  readonly good: boolean;
  readonly secret: string;
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: string;
  readonly body: string;
}

interface Verifier {
  readonly name: string;
  readonly needs: readonly string[];
  /** Reads cases.json and prints the names of those that are taken, one a line. */
  readonly harness: { readonly name: string; readonly text: string };
  readonly command: readonly string[];
}

const VERIFIERS: readonly Verifier[] = [
  {
    name: "verify.ts",
    needs: [],
    command: ["node", "check.ts"],
    harness: {
      name: "check.ts",
      text: `
        import { readFileSync } from "node:fs";
        import { verify } from "./verify.ts";
        for (const { what, secret, id, timestamp, signatures, body } of JSON.parse(readFileSync("cases.json", "utf8"))) {
          const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures };
          if (verify(secret, headers, Buffer.from(body))) console.log(what);
        }`,
    },
  },
  {
    name: "verify.go",
    needs: ["go"],
    command: ["go", "run", "verify.go", "check.go"],
    harness: {
      name: "check.go",
      text: `package main
        import ("encoding/json"; "fmt"; "net/http"; "os")
        func main() {
          var cases []struct{ What, Secret, Id, Timestamp, Signatures, Body string }
          text, _ := os.ReadFile("cases.json")
          if err := json.Unmarshal(text, &cases); err != nil { panic(err) }
          for _, c := range cases {
            header := http.Header{}
            header.Set("webhook-id", c.Id)
            header.Set("webhook-timestamp", c.Timestamp)
            header.Set("webhook-signature", c.Signatures)
            if verify(c.Secret, header, []byte(c.Body)) { fmt.Println(c.What) }
          }
        }`,
    },
  },
  {
    name: "verify.py",
    needs: ["python3"],
    command: ["python3", "check.py"],
    harness: {
      name: "check.py",
      text: [
        "import json",
        "from verify import verify",
        "for case in json.load(open('cases.json')):",
        "    names = {'id': 'id', 'timestamp': 'timestamp', 'signature': 'signatures'}",
        "    headers = {f'webhook-{name}': case[member] for name, member in names.items()}",
        "    if verify(case['secret'], headers, case['body'].encode()):",
        "        print(case['what'])",
      ].join("\n"),
    },
  },
  {
    name: "verify.sh",
    needs: ["bash", "openssl"],
    command: ["bash", "check.sh"],
    harness: {
      name: "check.sh",
      text: `. ./verify.sh
        while IFS=$'\\t' read -r what secret id timestamp signatures body; do
          verify "$secret" "$id" "$timestamp" "$signatures" < "$body" && printf '%s\\n' "$what"
        done < cases.tsv
        true`,
    },
  },
];

const page = await Page.read();

suite("verifying signatures as on docs/events.md", () => {
  let directory: string;
  let workshop: Workshop;
  let cases: readonly Case[];

  before(async () => {
    directory = await makeTemporaryDirectory();
    workshop = await Workshop.open({ directory, url: "http://127.0.0.1:1" });
    cases = makeCases();
    await writeFile(join(directory, "cases.json"), JSON.stringify(cases));
    await writeFile(join(directory, "cases.tsv"), await table(directory, cases));
  });
  after(() => removeTemporaryDirectory(directory));

  for (const { name, needs, command, harness } of VERIFIERS)
    test(`${name} takes what is good, and that alone`, { skip: lacking(...needs) }, async () => {
      await workshop.write(name, page.named(name));
      await workshop.write(harness.name, harness.text);
      const { stdout } = await run(command, { cwd: directory, env: { ...process.env, GO111MODULE: "off" } });
      const good = cases.filter((one) => one.good).map(({ what }) => what);
      assert.deepEqual(stdout.trim().split("\n"), good);
    });
});

function makeCases(): readonly Case[] {
  const body = composeMessage([{ sequence: 7, event: sampleEvent(FACTS.manifest_pushed) }], {
    format: "v2",
    includeReferences: true,
    ignoredMediaTypes: [],
    ignoredActions: [],
  }).body.replace("alice", "Zoë ☃");
  const keys = [randomBytes(32), randomBytes(24)] as const;
  const [key, other] = keys;
  const now = sign(body, [key]);
  const good: Case = { what: "what was signed just now", good: true, secret: secretOf(key), body, ...now };
  const bad = (what: string, changes: Partial<Case>): Case => ({ ...good, what, good: false, ...changes });
  const also = (what: string, changes: Partial<Case>): Case => ({ ...good, what, ...changes });
  return [
    good,
    also("one of several signatures, the last", sign(body, [other, key])),
    also("one of several signatures, the first", sign(body, [key, other])),
    also("an empty body", { body: "", ...sign("", [key]) }),
    also("a secret of another length", { secret: secretOf(other), ...sign(body, [other]) }),
    also("a secret without padding", { secret: secretOf(key).replace(/=+$/, "") }),
    also("four minutes old", sign(body, [key], -240)),
    also("a clock that is a little ahead", sign(body, [key], 240)),
    also("a version to come beside it", { signatures: `v2,AAAA ${now.signatures}` }),
    bad("a body that was changed", { body: body.replace("push", "pull") }),
    bad("a body with something behind it", { body: `${body} ` }),
    bad("another id", { id: `${now.id}0` }),
    bad("another time", { timestamp: String(Number(now.timestamp) - 1) }),
    bad("six minutes old", sign(body, [key], -360)),
    bad("six minutes ahead", sign(body, [key], 360)),
    bad("somebody else's secret", { secret: secretOf(other) }),
    bad("somebody else's signatures", sign(body, [other, randomBytes(32)])),
    bad("half a signature", { signatures: now.signatures.slice(0, 20) }),
    bad("a signature with something behind it", { signatures: `${now.signatures}AAAA` }),
    bad("an empty signature", { signatures: "v1," }),
    bad("another version", { signatures: now.signatures.replace("v1,", "v2,") }),
    bad("no version", { signatures: now.signatures.replace("v1,", "") }),
    bad("a time that is no number", { timestamp: "now" }),
    bad("a time with a sign", { timestamp: `+${now.timestamp}` }),
  ];
}

function sign(body: string, keys: readonly Uint8Array[], ageS = 0) {
  const id = sampleEvent(FACTS.manifest_pushed).id;
  const headers = signatureHeaders({ id, timeMs: Date.now() + ageS * 1000, body, keys });
  const { "webhook-timestamp": timestamp = "", "webhook-signature": signatures = "" } = headers;
  return { id, timestamp, signatures };
}

function secretOf(key: Uint8Array): string {
  return `whsec_${Buffer.from(key).toString("base64")}`;
}

/** The cases for a shell: a line each, the body in a file. */
async function table(directory: string, cases: readonly Case[]): Promise<string> {
  const lines = cases.map(async ({ what, secret, id, timestamp, signatures, body }, index) => {
    const path = join(directory, `body-${index}`);
    await writeFile(path, body);
    return `${[what, secret, id, timestamp, signatures, path].join("\t")}\n`;
  });
  return (await Promise.all(lines)).join("");
}
