// The URL of a Stowage server, as someone types it.
import { CommandFailure, EXIT } from "./world.ts";

/** An http or https URL, with a path where the registry has an http.prefix; "localhost:5000" is enough. */
export function parseServerUrl(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && (url.username !== "" || url.password !== "")) throw secretInUrl(url.host);
  // "unix:PATH" is a place that only `stowage health` asks, not a host called unix.
  const isHttp =
    !text.startsWith("unix:") && url !== null && (url.protocol === "http:" || url.protocol === "https:");
  // Of the Docker API, as images are named or `docker login` is told.
  const isDockers = url !== null && /^\/v[12](?:\/|$)/.test(url.pathname);
  if (isHttp && !isDockers && url.search === "" && url.hash === "")
    return url.origin + url.pathname.replace(/\/+$/, "");
  const message = `"${text}" is not the URL of a server; it looks like http://127.0.0.1:5000`;
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

function secretInUrl(host: string): CommandFailure {
  const message =
    `the URL of ${host} has a user name or a password in it, which everybody on this machine can read; ` +
    "leave it out and set $STOWAGE_USER and $STOWAGE_PASSWORD, or $STOWAGE_TOKEN";
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
