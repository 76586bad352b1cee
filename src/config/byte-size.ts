// Sizes as the configuration writes them: a number of bytes, or one with a unit,
// "20MiB" (powers of 1024) or "20MB" (powers of 1000).
import { z } from "zod";
import { reject } from "./key.ts";

export const SIZE = 'a number of bytes, or a size such as "20MiB" or "1.5GB"';

const UNITS: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["kB", 1e3],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

const FORM = /^(\d+(?:\.\d+)?)\s?([A-Za-z]*)$/;

/** The size in whole bytes; undefined: the text is none. A number alone is one of bytes. */
export function parseByteSize(text: string): number | undefined {
  const [, amount = "", unit = ""] = FORM.exec(text) ?? [];
  const factor = unit === "" && !amount.includes(".") ? 1 : UNITS.get(unit);
  if (amount === "" || factor === undefined) return undefined;
  const bytes = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A number of bytes. */
export const byteSize = z.unknown().transform((given, context) => {
  const isText = typeof given === "string" || typeof given === "number";
  const bytes = isText ? parseByteSize(String(given)) : undefined;
  return bytes ?? reject(context, unitAdvice(given));
});

/** "20M" may mean either; "20mib" is not written so. */
function unitAdvice(given: unknown): string | undefined {
  const [, amount, letter] = /^(\d+(?:\.\d+)?)\s?([kmgt])(?:i?b)?$/i.exec(String(given)) ?? [];
  return letter === undefined ? undefined : `write "${amount}${letter.toUpperCase()}iB"`;
}
