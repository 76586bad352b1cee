// What is wrong with a configuration. All problems are collected and reported
// at once, so that nobody has to fix a file one start at a time.

export interface ConfigProblem {
  /** The key's path with dots. Empty: the file as a whole. */
  readonly path: string;
  /** Where it was set: "config.yml:4:3", the name of a variable or of an option. Empty: nowhere. */
  readonly where: string;
  /** What is wrong and what to do; quotes the value. */
  readonly message: string;
}

/** A configuration, or a file of its kind, that Stowage refuses to start with. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  /** `what`: what has the problems. */
  constructor(problems: readonly ConfigProblem[], what = "the configuration") {
    super(formatProblems(problems, what));
    this.problems = problems;
  }
}

function formatProblems(problems: readonly ConfigProblem[], what: string): string {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return [`${what} has ${count}:`, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join("\n");
}

function formatProblem({ path, where, message }: ConfigProblem): string {
  return [where, path, message].filter((part) => part !== "").join(": ");
}
