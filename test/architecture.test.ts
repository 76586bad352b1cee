// Stairs go down only: which room may import which. The table is the whole
// permission; a new import that is not in it is a change of the design.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

/** Room → rooms it may import. "root" is the files directly in src. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/gen": [],
  "src/oci": [],
  "src/telemetry": [],
  "src/config": ["src/oci"],
  "src/blobs": ["src/oci"],
  "src/metadata": ["src/oci"],
  "src/core": ["src/oci", "src/blobs", "src/metadata"],
  "src/maintenance": ["src/oci", "src/config", "src/blobs", "src/metadata", "src/core"],
  // Of the configuration, rooms know the types of what they are given.
  "src/notify": ["src/oci", "src/config", "src/metadata", "src/core"],
  "src/auth": ["src/oci", "src/config", "src/metadata"],
  "src/rpc": ["src/gen", "src/oci", "src/core", "src/auth", "src/notify", "src/maintenance"],
  "src/server": ["src/gen", "src/oci", "src/config", "src/auth", "src/rpc"],
  gateway: ["src/gen", "src/oci"],
  // Joins the rooms and telemetry: what is told of each room, and how it is found out.
  "src/instruments": [
    "src/gen",
    "src/oci",
    "src/config",
    "src/blobs",
    "src/metadata",
    "src/core",
    "src/maintenance",
    "src/notify",
    "src/rpc",
    "src/server",
    "src/telemetry",
    "gateway",
  ],
  "src/commands": [
    "root",
    "src/gen",
    "src/oci",
    "src/config",
    "src/telemetry",
    "src/instruments",
    "src/auth",
    "src/rpc",
    "src/server",
    "gateway",
  ],
  root: [
    "src/gen",
    "src/oci",
    "src/config",
    "src/blobs",
    "src/metadata",
    "src/core",
    "src/auth",
    "src/notify",
    "src/maintenance",
    "src/rpc",
    "src/server",
    "src/telemetry",
    "src/instruments",
    "src/commands",
    "gateway",
  ],
};

/** Packages only some rooms may know: a database type outside its room, or HTTP inside the rules, is a leak. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  level: ["src/metadata"],
  "classic-level": ["src/metadata"],
  "abstract-level": ["src/metadata"],
  "memory-level": ["src/metadata"],
  yaml: ["src/config"],
  zod: ["src/config"],
  undici: ["src/notify"],
  jose: ["src/auth"],
  "@node-rs/argon2": ["src/auth"],
  "@node-rs/bcrypt": ["src/auth"],
  "rate-limiter-flexible": ["src/auth", "src/rpc"],
  pino: ["src/telemetry"],
  "pino-pretty": ["src/telemetry"],
  "@opentelemetry/api": ["src/telemetry"],
  "@opentelemetry/otlp-transformer": ["src/telemetry"],
  "@opentelemetry/resources": ["src/telemetry"],
  "@opentelemetry/sdk-trace": ["src/telemetry"],
  nodemailer: ["src/telemetry"],
  "prom-client": ["src/telemetry"],
  commander: ["src/commands", "root"],
  "@connectrpc/connect": [
    "src/rpc",
    "src/server",
    "src/gen",
    "gateway",
    "src/commands",
    "src/instruments",
    "root",
  ],
  "@connectrpc/connect-node": ["src/server", "src/commands", "root"],
  "@bufbuild/protobuf": ["src/rpc", "src/server", "src/gen", "gateway", "src/commands", "src/instruments"],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function roomOf(file: string): string {
  const [first = "", second = "", third] = file.split("/");
  if (first !== "src") return first;
  return third === undefined ? "root" : `${first}/${second}`;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [
    ...text.matchAll(/(?:^\s*(?:import|export)\b(?:[^;"'=()]*?\bfrom)?\s*|\bimport\()["']([^"']+)["']/gm),
  ].map((match) => match[1] ?? "");
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const files = [...sourceFiles("src"), ...sourceFiles("gateway")];

test("every room stands in the table", () => {
  const unknown = [...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT));
  assert.deepEqual(unknown, []);
});

test("rooms import only what the table permits", () => {
  const broken = files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
      .filter(
        (target) => roomOf(target) !== roomOf(file) && !MAY_IMPORT[roomOf(file)]?.includes(roomOf(target)),
      )
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("databases, HTTP and configuration stay in their rooms", () => {
  const broken = files.flatMap((file) =>
    importsOf(file)
      .map(packageOf)
      .filter((name) => PACKAGE_ROOMS[name]?.includes(roomOf(file)) === false)
      .map((name) => `${file} imports ${name}`),
  );
  assert.deepEqual(broken, []);
});

test("only main.ts touches the process", () => {
  const touching = files.filter(
    (file) =>
      file !== "src/main.ts" &&
      /\bprocess\.(?!hrtime|memoryUsage)\w/.test(readFileSync(join(root, file), "utf8")),
  );
  assert.deepEqual(touching, []);
});

test("no file grows past 300 lines", () => {
  const long = files
    .filter((file) => roomOf(file) !== "src/gen")
    .map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }))
    .filter(({ lines }) => lines > 300);
  assert.deepEqual(long, []);
});
