// Principals, as someone types them: "alice" is the user alice.
import { CommandFailure, EXIT } from "./world.ts";

const KINDS = ["user", "robot", "cert", "oidc"];

/** The principal's id. Throws CommandFailure for a kind that there is not. */
export function parsePrincipalId(text: string): string {
  if (text === "anonymous") return text;
  const colon = text.indexOf(":");
  if (colon < 0 && text !== "") return `user:${text}`;
  if (KINDS.includes(text.slice(0, colon)) && colon < text.length - 1) return text;
  const message =
    `"${text}" names nobody; write a user's name, user:NAME, robot:NAME, cert:NAME, ` +
    "oidc:PROVIDER:SUBJECT or anonymous";
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}
