// How records lie in an engine as bytes. Most are JSON behind one character that
// tells the form's version: 1{"size":12,…}. The table names the ones that are not.
import { decodeCounter, encodeCounter } from "./counter.ts";
import type { Key } from "./keys.ts";
import type { EventRecord } from "./records.ts";
import { decodeSums, encodeSums } from "./sums.ts";
import { sumsOf, usageOf } from "./usage-form.ts";
import { storedKey } from "./usage-keys.ts";

interface ValueForm {
  readonly encode: (record: unknown, key: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array, key: string) => unknown;
}

const JSON_VERSION = "1";

const json = {
  encode: (record: unknown) => Buffer.from(JSON_VERSION + JSON.stringify(record)),
  decode: (bytes: Uint8Array) => {
    const text = bufferOf(bytes).toString();
    if (!text.startsWith(JSON_VERSION)) throw new Error(`unknown form of record: ${text.slice(0, 20)}`);
    return deepFreeze(JSON.parse(text.slice(JSON_VERSION.length)));
  },
} satisfies ValueForm;

const raw: ValueForm = {
  encode: (record) => {
    if (record instanceof Uint8Array) return record;
    throw new Error("only bytes can be kept under this key");
  },
  decode: (bytes) => bytes,
};

const counter: ValueForm = {
  encode: (record) => encodeCounter(Number(record)),
  decode: decodeCounter,
};

const usage: ValueForm = {
  encode: (record, text) => {
    if (typeof record === "object" && record !== null) return encodeSums(sumsOf({ text }, record));
    throw new Error("only usage can be kept under this key");
  },
  decode: (bytes, key) => usageOf(key, decodeSums(bytes)),
};

/** By the first two characters of the key; see the drawing in keys.ts. */
const FORMS: ReadonlyMap<string, ValueForm> = new Map([
  ["c/", counter],
  ["g/", raw],
  ["n/", counter],
  ["o/", raw],
  ["p/", raw],
  ["H/", raw],
  ["z/", raw],
  ["x/", raw],
  ["A/", usage],
  ["R/", usage],
]);

function formOf(key: string): ValueForm {
  return key === storedKey.text ? usage : (FORMS.get(key.slice(0, 2)) ?? json);
}

/** The bytes of the record that the key stands for. */
export function encodeRecord(key: Key<unknown>, record: unknown): Uint8Array {
  return formOf(key.text).encode(record, key.text);
}

/** The record that the key stands for, frozen through and through unless it is bytes. */
export function decodeRecord<R>(key: Key<R>, bytes: Uint8Array): R {
  return formOf(key.text).decode(bytes, key.text) as R;
}

export function encodeEvent(event: EventRecord): Uint8Array {
  return json.encode(event);
}

export function decodeEvent(bytes: Uint8Array): EventRecord {
  return json.decode(bytes) as EventRecord;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
