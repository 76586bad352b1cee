// What the keys of the http section cannot tell alone: the kind of address, halves
// of TLS, proxies that nobody trusts; and no open door by accident.
import { authKinds } from "./auth-kinds.ts";
import type { CONFIGURATION, Values } from "./keys.ts";
import { canCollide, formatListenAddress, isLocal } from "./listen-address.ts";
import type { RawMap, RawPath } from "./raw-tree.ts";
import type { TableReading, ValueProblem } from "./read-table.ts";

type Reading = TableReading<(typeof CONFIGURATION)["entries"]>;

/** Problems between the keys of the http section, and of it with the auth section. Keys that are wrong by themselves are left out. */
export function checkHttp(root: RawMap, reading: Reading): readonly ValueProblem[] {
  const wrong = new Set(reading.problems.map(({ path }) => path.slice(0, 2).join(".")));
  return [
    ...(wrong.has("http.addr") || wrong.has("http.net") ? [] : checkAddress(root, reading)),
    ...(wrong.has("http.addr") || wrong.has("http.debug") ? [] : twoListeners(reading.values)),
    ...(wrong.has("http.tls") ? [] : checkTls(root, reading)),
    ...(wrong.has("http.trustedproxies") || wrong.has("http.proxyprotocol")
      ? []
      : checkProxies(reading.values)),
  ];
}

function checkAddress(root: RawMap, { values, given }: Reading): readonly ValueProblem[] {
  const address = values["http.addr"];
  const shown = formatListenAddress(address);
  const isPath = "path" in address;
  const path = ["http", given.has("http.addr") ? "addr" : "net"];
  if (values["http.net"] === "unix" && !isPath)
    return [
      problem(
        path,
        `with http.net: unix it must be the path of a socket, such as /run/stowage/stowage.sock or ./stowage.sock; it is "${shown}"`,
      ),
    ];
  if (values["http.net"] === "tcp" && isPath)
    return [
      problem(path, `"${shown}" is the path of a Unix socket; it needs http.net: unix, or write HOST:PORT`),
    ];
  return noOpenDoor(root, values);
}

/** The second to listen would fail, at the start or, worse, on some machines only. */
function twoListeners(values: Values): readonly ValueProblem[] {
  const [address, debug] = [values["http.addr"], values["http.debug.addr"]];
  if (debug === undefined || "path" in address || !canCollide(address, debug)) return [];
  const [taken, shown] = [address, debug].map(formatListenAddress);
  const message = `"${shown}" is where http.addr listens already ("${taken}"); choose another port for one of them`;
  return [problem(["http", "debug", "addr"], message)];
}

/** Without authentication, who can connect can write. */
function noOpenDoor(root: RawMap, values: Values): readonly ValueProblem[] {
  const address = values["http.addr"];
  if ("path" in address || isLocal(address)) return [];
  const kinds = authKinds(root);
  const reached = `"${formatListenAddress(address)}" can be reached from other machines`;
  const loopback = `listen on a loopback address (127.0.0.1:${address.port})`;
  if (kinds === undefined)
    return [
      problem(
        ["http", "addr"],
        `${reached}, and nobody is asked for a password: ` +
          "say who may come in (auth.htpasswd.path: a file made by htpasswd -B, or auth.users.path), " +
          `or that everybody may, with "auth: none" (REGISTRY_AUTH=none); or ${loopback}`,
      ),
    ];
  if (!kinds.has("silly")) return [];
  return [
    problem(
      ["auth", "silly"],
      `${reached}, and auth.silly lets in whoever sends an Authorization header, whatever is in it: ` +
        `choose auth.htpasswd or auth.users, or ${loopback}`,
    ),
  ];
}

const VERIFYING = ["require-and-verify-client-cert", "verify-client-cert-if-given"];

function checkTls(root: RawMap, { values, given }: Reading): readonly ValueProblem[] {
  const has = (member: string) => given.has(`http.tls.${member}`);
  const halves = ["certificate", "key"].filter((member) => !has(member));
  const others = ["clientcas", "clientauth", "minimumtls", "ciphersuites"].filter((member) => {
    const value = given.get(`http.tls.${member}`);
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  const problems: ValueProblem[] = [];
  if (halves.length === 1)
    problems.push(
      problem(["http", "tls"], `${halves.join()} is missing; certificate and key belong together`),
    );
  if (halves.length === 2 && others.length > 0)
    problems.push(
      problem(
        ["http", "tls"],
        `certificate and key are missing, so that the listener would not speak TLS in spite of ${others.join(", ")}`,
      ),
    );
  const cas = values["http.tls.clientcas"];
  if (has("clientauth") && cas.length === 0)
    problems.push(
      problem(
        ["http", "tls", "clientauth"],
        "no client is asked for a certificate without authorities; name them in http.tls.clientcas",
      ),
    );
  if (authKinds(root)?.has("certificates") === true) problems.push(...checkClientCertificates(values));
  return problems;
}

function checkClientCertificates(values: Values): readonly ValueProblem[] {
  const mode = values["http.tls.clientauth"];
  if (values["http.tls.clientcas"].length === 0)
    return [
      problem(
        ["auth", "certificates"],
        "no client is asked for a certificate; name the authorities in http.tls.clientcas",
      ),
    ];
  if (VERIFYING.includes(mode)) return [];
  return [
    problem(
      ["auth", "certificates"],
      `with http.tls.clientauth: ${mode} certificates are not verified, so that anybody could make one; choose ${VERIFYING.join(" or ")}`,
    ),
  ];
}

function checkProxies(values: Values): readonly ValueProblem[] {
  if (!values["http.proxyprotocol"] || values["http.trustedproxies"].length > 0) return [];
  const message = "it is believed only from proxies that are trusted; name them in http.trustedproxies";
  return [problem(["http", "proxyprotocol"], message)];
}

function problem(path: RawPath, message: string): ValueProblem {
  return { path, message };
}
