// What went wrong when events were read, with the way out.
import { type Asked, explainFailure, problemOf } from "./remote-registry.ts";
import { CommandFailure } from "./world.ts";

export interface EventReading extends Asked {
  /** Absent: they were not read as a consumer. */
  readonly consumer?: string;
}

/** The failure in words, for reading and following events. */
export function explainEventFailure(error: unknown, reading: EventReading): CommandFailure {
  const { consumer } = reading;
  const problem = problemOf(error);
  switch (problem?.reason) {
    case "CURSOR_EXPIRED":
      return new CommandFailure(expiredText(problem.metadata.oldest, reading), { cause: error });
    case "CONSUMER_TAKEN":
      return new CommandFailure(
        `consumer ${consumer} was taken over: somebody else follows events as it now`,
        { cause: error },
      );
    case "CONSUMER_UNKNOWN":
      return new CommandFailure(`consumer ${consumer} was deleted while events were followed as it`, {
        cause: error,
      });
    default:
      return explainFailure(error, reading);
  }
}

function expiredText(oldest: string | undefined, { consumer }: EventReading): string {
  const from = oldest === undefined ? "--from start" : `--from ${oldest}`;
  const before = consumer === undefined ? "" : `delete consumer ${consumer} first, then `;
  return [
    "the events to begin with were removed from the log, which keeps them for a limited time. Either",
    "  begin with all that exists now, and what happens since: --snapshot --follow",
    `  or begin with the oldest that are kept: ${before}${from}`,
  ].join("\n");
}
