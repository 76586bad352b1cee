// Headers as the configuration writes them: names with one value or several.
// RFC 9110, Fields.
import { z } from "zod";

/** A name that a header can have. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** One value: visible characters, spaces and tabs. */
export const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/);

/** One value stands for a list of one. */
export const headerValues = z.union([headerValue.transform((value) => [value]), z.array(headerValue)]);
