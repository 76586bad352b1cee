// How stowage retention is called: its commands and their help.
import { type Command, Option } from "commander";
import { keeperCommand } from "./keeper-options.ts";
import { collect } from "./remote-options.ts";
import type { ApplyOptions } from "./retention-apply.ts";
import type { SimulateOptions } from "./retention-simulate.ts";
import type { World } from "./world.ts";

export function addRetention(program: Command, world: World): void {
  const retention = program
    .command("retention")
    .description("try out or apply the rules that say which tags and manifests are kept")
    .addHelpText("after", EXAMPLES);
  const json = "one line of JSON for each decision, and one for all";
  keeperCommand(retention, "simulate", json)
    .description("tell what would become of each tag, and the rule behind it; nothing is changed")
    .addOption(repositoryOption())
    .option("--all", "tell also of manifests that stay, and of repositories without a rule")
    .option("--rules <file>", "try these rules instead of the configured ones")
    .addHelpText("after", SIMULATE_HELP)
    .action(async (options: SimulateOptions) => {
      const { simulate } = await import("./retention-simulate.ts");
      await simulate(world, options);
    });
  keeperCommand(retention, "apply", json)
    .description("delete what the configured rules do not keep; the trash keeps it for a while")
    .addOption(repositoryOption())
    .addOption(new Option("--rules <file>").hideHelp())
    .option("--all", "tell of everything, not only of what goes")
    .option("-y, --yes", "without asking first; needed where no terminal is")
    .addHelpText("after", APPLY_HELP)
    .action(async (options: ApplyOptions) => {
      const { apply } = await import("./retention-apply.ts");
      await apply(world, options);
    });
}

const repositoryOption = () =>
  new Option("-r, --repository <glob>", "only repositories with such a name (can be repeated)").argParser(
    collect,
  );

const EXAMPLES = `
The rules are configured under retention; docs/configuration.md lists the keys.

Examples:
  stowage retention simulate
  stowage retention simulate --repository 'acme/**' --rules rules.yml
  stowage retention apply`;

const SIMULATE_HELP = `
A file of rules holds what a configuration has below "retention", or is a configuration:
  untagged: 30d
  rules:
    - { repositories: "acme/**", tags: "v*", keep: { newest: 10, pushedwithin: 90d } }
"*" stands for any characters but "/", "**" for any; put them in quotes, for the shell knows
them too. The bytes are those on the disk that nothing holds once the trash lets go of them.

Examples:
  stowage retention simulate --repository acme/app
  stowage retention simulate --rules rules.yml --all --json`;

const APPLY_HELP = `
On a terminal it first tells what would go, and asks. Tags and manifests come back with
"stowage tags restore" and "stowage trash restore" until their time in the trash is over.

Examples:
  stowage retention apply
  stowage retention apply --repository 'acme/**' --yes`;
