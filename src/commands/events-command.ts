// How stowage events is called: its options and its help.
import { type Command, Option } from "commander";
import { type EventsOptions, parseLast } from "./events-options.ts";
import { addRemoteOptions, jsonOption } from "./remote-options.ts";
import type { World } from "./world.ts";

export function addEvents(program: Command, world: World): void {
  const events = program
    .command("events")
    .description("print the events of a running registry, oldest first")
    .option("-f, --follow", "go on with new events as they happen, until a signal comes")
    .addOption(jsonOption("each event as one line of JSON, exactly as the API has it"))
    .optionsGroup("Where to begin:")
    .addOption(
      new Option(
        "--from <place>",
        'a cursor, to begin after it; "start"; or "now" (default: start; with --follow: now)',
      ).conflicts(["since", "snapshot"]),
    )
    .addOption(
      new Option(
        "--since <time>",
        "at a time: 2026-03-01T15:04:05Z, 2026-03-01 or, back from now, 15m, 2h, 1d",
      ).conflicts("snapshot"),
    )
    .addOption(
      new Option("-n, --last <count>", "with the last so many that are in the log and chosen")
        .argParser(parseLast)
        .conflicts(["from", "since", "until", "snapshot", "consumer"]),
    )
    .option("--snapshot", "with all that exists; with --follow: then with what happened since")
    .option("--consumer <name>", "where this consumer stopped last time; needs --follow")
    .optionsGroup("Where to end:")
    .option("--until <time>", "before the first event later than a time, as --since takes it")
    .optionsGroup("What to choose (each takes several, and can be repeated):")
    .option("-r, --repository <pattern...>", 'only these repositories; "team/" is all below team')
    .option("-k, --kind <kind...>", "only these kinds of events: tag_moved, tag_moved,tag_created or 'tag_*'")
    .option("-t, --tag <pattern...>", "only events that name such a tag")
    .option("--media-type <pattern...>", "only events about content of such a media type")
    .option("--artifact-type <pattern...>", "only events about such artifacts")
    .option("--references", "with --json: list what pushed manifests refer to")
    .action(async (options: EventsOptions) => {
      const { printEvents } = await import("./events.ts");
      await printEvents(world, options);
    });
  addRemoteOptions(events).addHelpText("after", EXAMPLES);
}

const EXAMPLES = `
A line is: time, kind, repository (with ":tag" where it is about one), what it is about, who did
it, and the event's cursor (#123; "cursor" in JSON). Times are local and short on a terminal,
else RFC 3339 in UTC. A line too long for a terminal says less; in a pipe nothing is cut. A date
alone is its midnight where you are. While it follows, a registry that goes away is waited for,
and no event is missed or printed twice.

In patterns "*" stands for any characters but "/", "**" for any, "?" for one but "/"; they fit
the whole name. Put them in quotes, for the shell knows "*" too.

A snapshot prints each repository, blob, manifest and tag, as it is at one moment, as a line
"exists". With --json these lines are {"ready": …}, {"snapshotItem": …} and {"snapshotEnd": …},
as EventService.Subscribe sends them; events never have these members. A snapshot that breaks
off is begun again, with another "ready".

A consumer is a name under which the registry remembers what was printed. It is made when it
does not exist: from --from or --since on, else from now. Two cannot follow as the same one.

Examples:
  stowage events --repository team/ --since 2h
  stowage events --last 20 --kind 'tag_*'
  stowage events --follow --kind tag_created,tag_moved --tag 'v*' --json
  stowage events --follow --from 1234 --server http://registry.internal:5000
  stowage events --follow --consumer scanner --kind manifest_pushed --json
  stowage events --snapshot --follow --repository 'library/*'`;
