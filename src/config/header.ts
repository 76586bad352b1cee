// Headers as the configuration writes them: names with one value or several.
// RFC 9110, Fields.
import { z } from "zod";

/** A name that a header can have. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** One value: visible characters, spaces and tabs. */
export const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/);

/** One value stands for a list of one. */
export const headerValues = z.union([headerValue.transform((value) => [value]), z.array(headerValue)]);

/** A map of headers that are sent to others, without those that Stowage sets by itself. */
export function headersOf<T extends z.ZodType>(value: T, ours: ReadonlySet<string>) {
  return z.record(z.string(), value).superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      if (!HEADER_NAME.test(name))
        context.addIssue({ code: "custom", params: { detail: "a name in it is no name of a header" } });
      else if (ours.has(name.toLowerCase()))
        context.addIssue({
          code: "custom",
          path: [name],
          params: { message: "this header is set by Stowage itself; remove it" },
        });
    }
  });
}
