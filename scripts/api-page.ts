// Renders docs/api.md from the gateway's route table. Everything a reader finds
// there is what the router does; only the words around the table are here.
import { HTTP_STATUS } from "../gateway/errors.ts";
import type { Explained, Route, Success } from "../gateway/route.ts";
import { ROUTE_FAMILIES, type RouteFamily } from "../gateway/routes.ts";
import { ERROR_MESSAGES, type ErrorCode, isErrorCode } from "../src/oci/errors.ts";

/** Codes of the event service, which HTTP clients never meet. */
const NOT_OVER_HTTP: ReadonlySet<ErrorCode> = new Set(["CURSOR_INVALID", "KIND_INVALID"]);

/** The whole page. */
export function renderApiPage(): string {
  return `${[INTRODUCTION, overview(), ...ROUTE_FAMILIES.map(family), errors()].join("\n\n")}\n`;
}

const INTRODUCTION = `# HTTP API

<!-- Made by scripts/generate-api-page.ts from gateway/routes.ts. Do not edit: change the table and run "npm run generate:api". -->

Stowage speaks the OCI Distribution API, which Docker, podman, skopeo and others speak too. This page names every
request it answers. Where the specification leaves a choice, [choices.md](choices.md) tells what was chosen and why;
where Stowage departs from it, [divergences.md](divergences.md) says so.

What holds everywhere:

- Paths are read from the right, so a repository may have any name, also one like \`tags/list\`. Segments may be
  percent-encoded; an encoded slash does not separate.
- HEAD answers wherever GET does, with the same headers and no body. OPTIONS names a path's methods in \`Allow\`.
- Every answer below \`/v2/\` has \`Docker-Distribution-API-Version: registry/2.0\`. \`/\` itself is answered 200 with nothing,
  for probes. Every \`Location\` and \`Link\` is relative, unless \`http.host\` or \`http.prefix\` say where clients find the registry.
- Who asks is told by \`Authorization\`, \`Basic\` or \`Bearer\`, or by a client certificate.
- A client that sends \`Expect: 100-continue\` hears of a refusal before it sends its body.
- An entity tag is a digest in quotes: \`"sha256:…"\`.
- An error is JSON, whatever was asked for: \`{"errors": [{"code", "message", "detail"}]}\`. The code is for programs and
  will not change; the message is for people; the detail, where there is one, holds the names and numbers in question. One request can have
  several problems; the status is that of the first.

A blob is pushed and read like this, with \`$digest\` being \`sha256:\` and what \`sha256sum\` prints:

\`\`\`sh
curl -X POST --data-binary @file -H "Content-Type: application/octet-stream" \\
  "http://localhost:5000/v2/library/files/blobs/uploads/?digest=$digest"
curl "http://localhost:5000/v2/library/files/blobs/$digest"
\`\`\``;

const ABOUT_ERRORS = `Any request can be answered with UNAUTHORIZED and a challenge in \`WWW-Authenticate\`, where better credentials or a
token for more (the detail's \`scope\`) could help; with DENIED, where nothing could; with UNAVAILABLE or TOOMANYREQUESTS, both with
\`Retry-After\`; and any that stores something with INSUFFICIENT_STORAGE. A path that does not exist is UNSUPPORTED with status 404; a target that is too
long is REQUEST_INVALID with status 414. UNKNOWN, with status 500, is a mistake of the registry's own.`;

function overview(): string {
  const rows = ROUTE_FAMILIES.flatMap((group) => group.routes).map((route) => [
    `[${methodsOf(route)}](#${route.id})`,
    `\`${route.path}\``,
    route.summary,
  ]);
  return ["## Overview", table(["Method", "Path", ""], rows), placeholders()].join("\n\n");
}

function family({ title, routes }: RouteFamily): string {
  return [`## ${title}`, ...routes.map(section)].join("\n\n");
}

function section(route: Route): string {
  const { id, path, specification, summary, notes = [], errors: codes } = route;
  const named = specification === undefined ? "" : ` (${specification})`;
  return [
    `<a id="${id}"></a>\n\n### ${methodsOf(route)} ${path}`,
    `${summary}${named}`,
    ...notes,
    ...takes(route),
    table(["Answer", "", "Headers"], route.successes.map(success)),
    ...(codes.length === 0 ? [] : [`Errors: ${codes.map(errorLink).join(", ")}.`]),
  ].join("\n\n");
}

/** What a request may hold beside its path; nothing where there is nothing. */
function takes({ queryParameters, requestHeaders, body }: Route): readonly string[] {
  const rows = [
    ...queryParameters.map(({ name, meaning }) => [`query \`${name}\``, meaning]),
    ...requestHeaders.map(({ name, meaning }) => [`header \`${name}\``, meaning]),
    ...(body === undefined ? [] : [["body", body]]),
  ];
  return rows.length === 0 ? [] : [table(["Takes", ""], rows)];
}

function success({ status, meaning, headers }: Success): readonly string[] {
  return [String(status), meaning, headers.map(explain).join("<br>")];
}

function explain({ name, meaning }: Explained): string {
  return `\`${name}\`: ${meaning}`;
}

function placeholders(): string {
  const all = ROUTE_FAMILIES.flatMap((group) => group.routes).flatMap((route) => route.pathParameters);
  const byName = new Map(all.map(({ name, meaning }) => [`\`{${name}}\``, meaning]));
  return table(["In paths", ""], [...byName]);
}

/** With columns of one width, as the formatter wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((cells) => (cells[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

function methodsOf({ method }: Route): string {
  return method === "GET" ? "GET, HEAD" : method;
}

function errorLink(code: ErrorCode): string {
  return `[${code}](#errors) ${HTTP_STATUS[code]}`;
}

function errors(): string {
  const rows = Object.entries(ERROR_MESSAGES)
    .filter(([code]) => isErrorCode(code) && !NOT_OVER_HTTP.has(code))
    .map(([code, message]) => [`\`${code}\``, isErrorCode(code) ? statusesOf(code) : "", message]);
  const unknown = ["`UNKNOWN`", "500", "internal error"];
  return ["## Errors", ABOUT_ERRORS, table(["Code", "Status", ""], [...rows, unknown])].join("\n\n");
}

function statusesOf(code: ErrorCode): string {
  if (code === "MANIFEST_INVALID") return "400, 413 when it is too large";
  if (code === "REQUEST_INVALID") return "400, 414 when the target is too long";
  if (code === "UNSUPPORTED") return "405 with `Allow`, 404 when there is no such path";
  return String(HTTP_STATUS[code]);
}
