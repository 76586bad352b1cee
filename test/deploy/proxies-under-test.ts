// nginx and Caddy with the files of deploy/, in front of a registry.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CertificateFiles } from "../support/certificates.ts";
import { ServerProcess } from "../support/server-process.ts";
import { deployed, listens } from "./deployed.ts";

export interface ProxyOptions {
  /** For its configuration and whatever it writes. */
  readonly directory: string;
  /** Where it listens. */
  readonly port: number;
  /** Where the registry listens. */
  readonly registryPort: number;
  readonly server: CertificateFiles;
}

const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** What nginx needs for deploy/nginx/stowage.conf. */
export const NGINX = ["nginx"] as const;
export const NGINX_STREAM = ["nginx", STREAM_MODULE] as const;
export const CADDY = ["caddy"] as const;

export async function startNginx(options: ProxyOptions & { readonly plainPort: number }) {
  const { directory, port, plainPort, registryPort, server } = options;
  const file = await deployed("nginx/stowage.conf", {
    "    listen [::]:80;\n": "",
    "    listen [::]:443 ssl http2;\n": "",
    "listen 80;": `listen 127.0.0.1:${plainPort};`,
    "listen 443 ssl http2;": `listen 127.0.0.1:${port} ssl http2;`,
    "127.0.0.1:5000": `127.0.0.1:${registryPort}`,
    "registry.example.com;": "localhost;",
    "/etc/letsencrypt/live/registry.example.com/fullchain.pem": server.certificate,
    "/etc/letsencrypt/live/registry.example.com/privkey.pem": server.key,
    "/var/www/acme": directory,
  });
  await writeFile(join(directory, "stowage.conf"), file);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${join(directory, name)};`,
  );
  return runNginx(options, `http {\n  access_log off;\n${temporary.join("\n")}\n  include stowage.conf;\n}`);
}

export async function startPassthroughNginx(options: Omit<ProxyOptions, "server">) {
  const { directory, port, registryPort } = options;
  const file = await deployed("nginx/stowage-passthrough.conf", {
    "    listen [::]:443;\n": "",
    "listen 443;": `listen 127.0.0.1:${port};`,
    "127.0.0.1:5443": `127.0.0.1:${registryPort}`,
  });
  await writeFile(join(directory, "stowage-passthrough.conf"), file);
  return runNginx(
    options,
    "stream {\n  include stowage-passthrough.conf;\n}",
    `load_module ${STREAM_MODULE};`,
  );
}

function mainFile(directory: string, section: string, before: string): string {
  const pid = join(directory, "nginx.pid");
  return `${before}\ndaemon off;\nworker_processes 1;\npid ${pid};\nerror_log stderr;\nevents {}\n${section}\n`;
}

async function runNginx(
  { directory, port }: Pick<ProxyOptions, "directory" | "port">,
  section: string,
  before = "",
): Promise<ServerProcess> {
  const path = join(directory, "nginx.conf");
  await writeFile(
    path,
    mainFile(directory, section, process.getuid?.() === 0 ? `user root;\n${before}` : before),
  );
  const command = ["nginx", "-p", directory, "-c", path, "-e", "stderr"];
  return ServerProcess.start({ command, log: join(directory, "nginx.log"), ready: () => listens(port) });
}

/** Caddy fetches no certificate here: it is given one. */
export async function startCaddy({ directory, port, registryPort, server }: ProxyOptions) {
  const site = await deployed("caddy/Caddyfile", {
    "registry.example.com {": `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${server.certificate} ${server.key}`,
    "127.0.0.1:5000": `127.0.0.1:${registryPort}`,
  });
  const path = join(directory, "Caddyfile");
  await writeFile(path, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  const home = join(directory, "home");
  await mkdir(home);
  const env = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
  const command = ["caddy", "run", "--config", path, "--adapter", "caddyfile"];
  return ServerProcess.start({ command, env, log: join(directory, "caddy.log"), ready: () => listens(port) });
}
