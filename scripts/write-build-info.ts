// Writes dist/build-info.json: the commit that dist was made of, and when. Run by
// "npm run build". STOWAGE_COMMIT says which commit where there is no checkout, and
// SOURCE_DATE_EPOCH (reproducible-builds.org) makes every build of a commit the same.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What git says; throws where it says nothing. */
  readonly git: (...args: readonly string[]) => string;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Throws an Error for people when a variable makes no sense. */
export function buildInfo({ environment, git, now }: Surroundings): { commit: string; buildTime: string } {
  const { STOWAGE_COMMIT: commit = "", SOURCE_DATE_EPOCH: epoch = "" } = environment;
  if (!/^\d*$/.test(epoch)) throw new Error(`SOURCE_DATE_EPOCH must be a number of seconds: "${epoch}"`);
  const time = epoch === "" ? now() : Number(epoch) * 1000;
  return {
    commit: commit === "" ? commitOf(git) : commit,
    buildTime: new Date(time).toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

function commitOf(git: Surroundings["git"]): string {
  try {
    const commit = git("rev-parse", "HEAD").trim();
    const isDirty = git("status", "--porcelain", "--untracked-files=no").trim() !== "";
    return isDirty ? `${commit}-dirty` : commit;
  } catch {
    return "unknown";
  }
}

function git(...args: readonly string[]): string {
  // A repository around an unpacked package is not its own.
  const environment = {
    ...process.env,
    GIT_CEILING_DIRECTORIES: fileURLToPath(new URL("../..", import.meta.url)),
  };
  return execFileSync("git", args, {
    cwd: root,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const info = buildInfo({ environment: process.env, git, now: Date.now });
  writeFileSync(new URL("../dist/build-info.json", import.meta.url), `${JSON.stringify(info)}\n`);
}
