// The configuration file: YAML with the place of each key, so that a problem
// can be pointed at.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  visit,
} from "yaml";
import type { ConfigProblem } from "./problem.ts";
import type { RawPath } from "./raw-tree.ts";

export interface YamlFile {
  /** What the file says; undefined when it is empty or cannot be read. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** "config.yml:4:3": where the key is, or the nearest one above it. */
  readonly locate: (path: RawPath) => string;
}

export function parseYamlFile(name: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const problems = document.errors.map((error) => ({
    path: "",
    where: at(error.pos[0]),
    message: messageOf(error),
  }));
  const locate = (path: RawPath) => {
    const offset = offsetOf(document.contents, path, (node) =>
      isAlias(node) ? node.resolve(document) : node,
    );
    return offset === undefined ? name : at(offset);
  };
  if (problems.length > 0) return { value: undefined, problems, locate };
  return { ...toValue(unresolvedAlias(document, at) ?? name, () => document.toJS()), locate };
}

/** One value of YAML, as a variable holds it. Throws an Error that says what is wrong. */
export function parseYamlValue(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(messageOf(error));
  try {
    return withoutCircles(document.toJS());
  } catch (cause) {
    throw new Error(messageOf(cause), { cause });
  }
}

/** A value as a file would hold it. */
export function formatYaml(value: unknown): string {
  return stringify(value);
}

/** An alias without an anchor, or too many aliases, show only here. */
function toValue(where: string, toJS: () => unknown): Pick<YamlFile, "value" | "problems"> {
  try {
    return { value: withoutCircles(toJS()), problems: [] };
  } catch (error) {
    return { value: undefined, problems: [{ path: "", where, message: messageOf(error) }] };
  }
}

/** Throws an Error for an alias below its own anchor: nobody could come to the end of it. */
function withoutCircles(value: unknown): unknown {
  const done = new Set<object>();
  const above = new Set<object>();
  const look = (node: unknown): void => {
    if (typeof node !== "object" || node === null || done.has(node)) return;
    if (above.has(node)) throw new Error("an alias stands below its own anchor");
    above.add(node);
    for (const member of Object.values(node)) look(member);
    above.delete(node);
    done.add(node);
  };
  look(value);
  return value;
}

/** Where the first alias without an anchor stands, if there is one. */
function unresolvedAlias(document: Document, at: (offset: number) => string): string | undefined {
  let where: string | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      where = at(alias.range?.[0] ?? 0);
      return visit.BREAK;
    },
  });
  return where;
}

/** Behind the colon the parser repeats what it found, which may be half a password. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/: .*$/s, "");
}

type Resolve = (node: unknown) => unknown;

/** Follows the path as far as it goes. Undefined: nothing of it is there. */
function offsetOf(contents: unknown, path: RawPath, resolve: Resolve): number | undefined {
  let node = contents;
  let offset: number | undefined;
  for (const part of path) {
    const step = stepInto(resolve(node), part);
    if (step === undefined) return offset;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

function stepInto(
  node: unknown,
  part: string | number,
): { offset?: number | undefined; node: unknown } | undefined {
  if (isSeq<Node>(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? undefined : { offset: item.range?.[0], node: item };
  }
  if (!isMap(node)) return undefined;
  const pair: Pair | undefined = node.items.find(
    ({ key }) => isScalar(key) && String(key.value) === String(part),
  );
  if (pair === undefined) return undefined;
  return { offset: isScalar(pair.key) ? pair.key.range?.[0] : undefined, node: pair.value };
}
