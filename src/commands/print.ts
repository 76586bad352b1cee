// What commands print: messages as JSON for programs, lines for people.
import { type DescMessage, type MessageShape, toJsonString } from "@bufbuild/protobuf";
import type { Output } from "./world.ts";

/** Prints a message as one line of JSON, exactly as the API has it: members that are zero are left out. */
export async function printJson<Desc extends DescMessage>(
  out: Output,
  schema: Desc,
  message: MessageShape<Desc>,
): Promise<void> {
  await out.write(`${toJsonString(schema, message)}\n`);
}

/** The same with members that are zero, false or empty, for these tell something too. */
export async function printWholeJson<Desc extends DescMessage>(
  out: Output,
  schema: Desc,
  message: MessageShape<Desc>,
): Promise<void> {
  await out.write(`${toJsonString(schema, message, { alwaysEmitImplicit: true })}\n`);
}

/** Prints lines for people. */
export async function printLines(out: Output, lines: readonly string[]): Promise<void> {
  await out.write(lines.map((line) => `${line}\n`).join(""));
}
