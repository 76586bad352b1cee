// Says why a test that needs other people's programs cannot run here. In CI (CI=true) nothing may be skipped:
// a missing program is an error there.
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A reason to skip, or false when all the programs are there. "root" asks for the superuser, what begins with "/" for that file. */
export function lacking(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length === 0) return false;
  const reason = `needs ${missing.join(", ")}`;
  if (process.env.CI === "true") throw new Error(`${reason}, and in CI nothing is skipped`);
  return reason;
}

function isThere(program: string): boolean {
  if (program === "root") return process.getuid?.() === 0;
  if (program.startsWith("/")) return existsSync(program);
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
