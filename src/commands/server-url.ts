// The URL of a Stowage server, as someone types it.
import { CommandFailure, EXIT } from "./world.ts";

/** An http or https URL without a path; "localhost:5000" is enough. */
export function parseServerUrl(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  const isUsable =
    url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.pathname === "/";
  if (isUsable && url.search === "" && url.hash === "") return url.origin;
  const message = `"${text}" is not the URL of a server; it looks like http://127.0.0.1:5000`;
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}
