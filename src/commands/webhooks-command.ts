// How stowage webhooks is called: its commands and their help.
import { type Command, Option } from "commander";
import { addDeadLetters } from "./dead-letters-command.ts";
import { remoteCommand } from "./remote-options.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import type { ReplayOptions } from "./webhooks-steer.ts";
import type { World } from "./world.ts";

export function addWebhooks(program: Command, world: World): void {
  const webhooks = program
    .command("webhooks")
    .description("show and steer the webhooks of a running registry")
    .addHelpText("after", EXAMPLES);
  addReading(webhooks, world);
  addSteering(webhooks, world);
  addReplay(webhooks, world);
  addDeadLetters(webhooks, world);
}

const NAME_HELP = "the webhook's name in the configuration";

const EXAMPLES = `
Which webhooks there are is configured under notifications.endpoints; docs/events.md shows how.

Examples:
  stowage webhooks list
  stowage webhooks test scanner
  stowage webhooks replay scanner --since 2h
  stowage webhooks dead-letters redeliver scanner`;

function addReading(webhooks: Command, world: World): void {
  remoteCommand(webhooks, "list", "one line of JSON for each webhook")
    .description("list webhooks: what each is doing, and how many events it has yet to look through")
    .action(async (options: RemoteOptions) => {
      const { listWebhooks } = await import("./webhooks-list.ts");
      await listWebhooks(world, options);
    });
  remoteCommand(webhooks, "show", "one JSON object")
    .description("show a webhook: its state, its settings, its last deliveries")
    .argument("<name>", NAME_HELP)
    .action(async (name: string, options: RemoteOptions) => {
      const { showWebhook } = await import("./webhooks-show.ts");
      await showWebhook(world, name, options);
    });
  remoteCommand(webhooks, "deliveries", "one line of JSON for each delivery")
    .description("list the last attempts to deliver, newest first")
    .argument("<name>", NAME_HELP)
    .action(async (name: string, options: RemoteOptions) => {
      const { listDeliveries } = await import("./webhooks-deliveries.ts");
      await listDeliveries(world, name, options);
    });
}

function addSteering(webhooks: Command, world: World): void {
  remoteCommand(webhooks, "test", "one JSON object: the delivery")
    .description("post a message without consequences, and tell how the receiver answered")
    .argument("<name>", NAME_HELP)
    .addHelpText("after", "\nExit code 1: the receiver did not accept it.")
    .action(async (name: string, options: RemoteOptions) => {
      const { testWebhook } = await import("./webhooks-deliveries.ts");
      await testWebhook(world, name, options);
    });
  remoteCommand(webhooks, "pause", "one JSON object: the webhook as it is now")
    .description("stop delivering; events wait in the log, also across restarts")
    .argument("<name>", NAME_HELP)
    .action(async (name: string, options: RemoteOptions) => {
      const { pauseWebhook } = await import("./webhooks-steer.ts");
      await pauseWebhook(world, name, options);
    });
  remoteCommand(webhooks, "resume", "one JSON object: the webhook as it is now")
    .description("go on delivering; after a failure: try again at once")
    .argument("<name>", NAME_HELP)
    .action(async (name: string, options: RemoteOptions) => {
      const { resumeWebhook } = await import("./webhooks-steer.ts");
      await resumeWebhook(world, name, options);
    });
}

function addReplay(webhooks: Command, world: World): void {
  remoteCommand(webhooks, "replay", "one JSON object: the webhook as it is now")
    .description("deliver again from a place in the log on, or skip what waits")
    .argument("<name>", NAME_HELP)
    .optionsGroup("From where (one of):")
    .addOption(
      new Option("--after <cursor>", "after the event with this cursor").conflicts(REPLAY_STARTS.slice(1)),
    )
    .addOption(
      new Option(
        "--since <time>",
        "2026-03-01T15:04:05Z, 2026-03-01 (local midnight) or, back from now, 15m, 2h, 1d",
      ).conflicts(REPLAY_STARTS.slice(2)),
    )
    .addOption(new Option("--from-start", "the oldest event that is kept").conflicts(REPLAY_STARTS.slice(3)))
    .option("--skip-waiting", "now: what waits is not delivered")
    .addHelpText("after", REPLAY_EXAMPLES)
    .action(async (name: string, options: ReplayOptions) => {
      const { replayWebhook } = await import("./webhooks-steer.ts");
      await replayWebhook(world, name, options);
    });
}

const REPLAY_STARTS = ["after", "since", "fromStart", "skipWaiting"];

const REPLAY_EXAMPLES = `
Receivers see the same events again, with the same ids.

Examples:
  stowage webhooks replay scanner --since 2h
  stowage webhooks replay scanner --after 1234
  stowage webhooks replay scanner --skip-waiting`;
