// Rules of retention in a file of their own, to be tried out: what a configuration has
// below `retention`, or a whole configuration, of which the rest is not looked at.

import { keyTable } from "./key-table.ts";
import { retentionKeys } from "./keys/retention.ts";
import { ConfigError } from "./problem.ts";
import { formatPath, isRawMap } from "./raw-tree.ts";
import { readTable } from "./read-table.ts";
import type { RetentionConfig } from "./retention.ts";
import { parseYamlFile } from "./yaml-file.ts";

const TABLE = keyTable(retentionKeys);

/** Throws ConfigError with everything that is wrong. */
export function readRetentionFile(path: string, text: string): RetentionConfig {
  const { value, problems, locate } = parseYamlFile(path, text);
  if (problems.length > 0) throw failure(problems);
  if (!isRawMap(value))
    throw failure([{ path: "", where: path, message: "the file must hold a map of keys" }]);
  const isWhole = "retention" in value;
  const root = { retention: isWhole ? value.retention : value };
  const reading = readTable(TABLE, root);
  if (reading.problems.length > 0)
    throw failure(
      reading.problems.map((problem) => {
        const at = isWhole ? problem.path : problem.path.slice(1);
        return { path: formatPath(at), where: locate(at), message: problem.message };
      }),
    );
  const untaggedMs = reading.values["retention.untagged"];
  const rules = reading.values["retention.rules"] ?? [];
  return { rules, ...(untaggedMs !== undefined && { untaggedMs }) };
}

function failure(problems: ConstructorParameters<typeof ConfigError>[0]): ConfigError {
  return new ConfigError(problems, "the file of rules");
}
