// The configuration file: YAML with the place of each key, so that a problem
// can be pointed at.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  stringify,
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
  const problems = document.errors.map(({ message, pos }) => ({ path: "", where: at(pos[0]), message }));
  const locate = (path: RawPath) => {
    const offset = offsetOf(document.contents, path, (node) =>
      isAlias(node) ? node.resolve(document) : node,
    );
    return offset === undefined ? name : at(offset);
  };
  if (problems.length > 0) return { value: undefined, problems, locate };
  return { ...toValue(name, () => document.toJS()), locate };
}

/** One value of YAML, as a variable holds it. Throws an Error that says what is wrong. */
export function parseYamlValue(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message);
  return document.toJS();
}

/** A value as a file would hold it. */
export function formatYaml(value: unknown): string {
  return stringify(value);
}

/** An alias without an anchor, or too many aliases, show only here. */
function toValue(name: string, toJS: () => unknown): Pick<YamlFile, "value" | "problems"> {
  try {
    return { value: toJS(), problems: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { value: undefined, problems: [{ path: "", where: name, message }] };
  }
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
